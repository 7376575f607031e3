//! What ends soon: certificates and lists of revoked certificates. Said early enough to have new ones made.

use qianmo_certs::ListInfo;

use crate::clock::rfc3339;

const DAY_MS: i64 = 86_400_000;

/// A certificate is spoken of this long before its end.
pub const NOTICE_MS: i64 = 30 * DAY_MS;

/// Something that ends soon, or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// A certificate with this end, UNIX milliseconds.
    Certificate {
        /// The end.
        at_ms: i64,
    },
    /// A list of revoked certificates past half its life.
    List {
        /// Whose list.
        issuer: String,
        /// When its successor is due, UNIX milliseconds.
        at_ms: i64,
    },
}

/// What of a certificate that ends at `not_after_ms` and of `lists` ends soon.
pub fn endings(not_after_ms: i64, lists: &[ListInfo], now_ms: i64) -> Vec<Ending> {
    let certificate = (not_after_ms.saturating_sub(now_ms) < NOTICE_MS)
        .then_some(Ending::Certificate { at_ms: not_after_ms });
    let lists = lists.iter().filter(|list| is_old(list, now_ms));
    let list = |list: &ListInfo| Ending::List { issuer: list.issuer.clone(), at_ms: list.next_update_ms };
    certificate.into_iter().chain(lists.map(list)).collect()
}

/// Whether half of the list's life is over.
pub const fn is_old(list: &ListInfo, now_ms: i64) -> bool {
    let life = list.next_update_ms.saturating_sub(list.this_update_ms);
    now_ms > list.this_update_ms.saturating_add(life / 2)
}

impl Ending {
    /// What ends, when, and what to do, in English and in Chinese.
    pub fn told(&self, now_ms: i64) -> (String, String) {
        match self {
            Self::Certificate { at_ms } => {
                let (en, zh) = when(*at_ms, now_ms);
                (
                    format!("the certificate {en}; have it renewed: qianmo ca issue --renew"),
                    format!("证书{zh}；请办理续期：qianmo ca issue --renew"),
                )
            }
            Self::List { issuer, at_ms } => {
                let (en, zh) = when(*at_ms, now_ms);
                (
                    format!(
                        "the certificate revocation list of {issuer} {en}, and half of its life is over; put the CA's \
                         next list (qianmo ca crl) in its place"
                    ),
                    format!("{issuer} 的证书撤销列表{zh}，已过半程；请换上 CA 的新列表（qianmo ca crl）"),
                )
            }
        }
    }
}

fn when(at_ms: i64, now_ms: i64) -> (String, String) {
    let (at, days) = (rfc3339(at_ms), at_ms.saturating_sub(now_ms).div_euclid(DAY_MS));
    match days {
        ..0 => (format!("ended at {at}"), format!("已于 {at} 到期")),
        0 => (format!("ends today, at {at}"), format!("将于今日到期（{at}）")),
        1 => (format!("ends in 1 day, at {at}"), format!("还有 1 天到期（{at}）")),
        _ => (format!("ends in {days} days, at {at}"), format!("还有 {days} 天到期（{at}）")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    fn list(made_ms: i64, due_ms: i64) -> ListInfo {
        ListInfo {
            issuer: "CN=City".into(),
            number: "1".into(),
            this_update_ms: made_ms,
            next_update_ms: due_ms,
        }
    }

    #[test]
    fn certificates_are_told_from_thirty_days_on_and_lists_from_half_their_life() {
        assert_eq!(endings(NOW + NOTICE_MS, &[list(NOW - DAY_MS, NOW + DAY_MS)], NOW), []);
        let soon = endings(NOW + NOTICE_MS - 1, &[list(NOW - DAY_MS - 2, NOW + DAY_MS)], NOW);
        assert_eq!(soon.len(), 2);
        let told: Vec<_> = soon.iter().map(|ending| ending.told(NOW)).collect();
        assert!(told[0].0.starts_with("the certificate ends in 29 days, at 2026-12-18T"), "{}", told[0].0);
        assert!(told[0].1.starts_with("证书还有 29 天到期"), "{}", told[0].1);
        assert!(told[1].0.contains("CN=City ends in 1 day, at"), "{}", told[1].0);
        assert!(Ending::Certificate { at_ms: NOW - 1 }.told(NOW).0.contains("ended at"));
        assert!(Ending::Certificate { at_ms: NOW + 1 }.told(NOW).0.contains("ends today"));
    }
}
