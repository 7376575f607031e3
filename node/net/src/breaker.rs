//! Peers that do not answer are left alone for a while, longer each time, so that they cost one search and not all.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use qianmo_proto::{ErrorCode, Identity, WireError};

/// Longest time for which a peer is left alone, milliseconds.
const LONGEST_MS: i64 = 60_000;

/// What is known of the peers' health, by peer. A peer that is not there is well.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<HashMap<Identity, Trouble>>);

/// A peer in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trouble {
    failures: u32,
    failed_ms: i64,
    again_ms: i64,
}

impl Breakers {
    /// Whether `peer` may be asked now, or else why not. Of those who ask of a peer in trouble one is let through
    /// when its time has come; the others wait for what comes of it.
    pub fn admit(&self, peer: &Identity, now_ms: i64) -> Result<(), WireError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(trouble) = all.get_mut(peer) else { return Ok(()) };
        // A clock that was put back must not keep a peer out.
        if (trouble.failed_ms..trouble.again_ms).contains(&now_ms) {
            return Err(left_alone(peer, trouble, now_ms));
        }
        trouble.again_ms = now_ms.saturating_add(pause_ms(trouble.failures));
        trouble.failed_ms = now_ms;
        Ok(())
    }

    /// Notes what came of asking `peer`.
    pub fn note(&self, peer: &Identity, error: Option<&WireError>, now_ms: i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            Some(error) if is_trouble(error) => {
                let failures = all.get(peer).map_or(0, |trouble| trouble.failures).saturating_add(1);
                let again_ms = now_ms.saturating_add(pause_ms(failures));
                all.insert(peer.clone(), Trouble { failures, failed_ms: now_ms, again_ms });
            }
            // A peer that refuses is well.
            _ => drop(all.remove(peer)),
        }
    }
}

/// 1 s after the first failure, twice as long after each further one.
fn pause_ms(failures: u32) -> i64 {
    (1_000_i64 << failures.saturating_sub(1).min(6)).min(LONGEST_MS)
}

/// Silence, nonsense and a way that is barred; all else is an answer.
const fn is_trouble(error: &WireError) -> bool {
    matches!(
        error.code,
        ErrorCode::PeerUnreachable
            | ErrorCode::Incomplete
            | ErrorCode::Certificate
            | ErrorCode::BadRequest
            | ErrorCode::TooLarge
            | ErrorCode::ShuttingDown
    )
}

fn left_alone(peer: &Identity, trouble: &Trouble, now_ms: i64) -> WireError {
    let (failures, wait_ms) = (trouble.failures, trouble.again_ms.saturating_sub(now_ms));
    let seconds = wait_ms.unsigned_abs().div_ceil(1_000);
    let en = format!(
        "{peer} gave no answer {} and is left alone for another {seconds} s",
        if failures == 1 { "last time".to_owned() } else { format!("{failures} times") }
    );
    let zh = format!("{peer} 连续 {failures} 次未应答，{seconds} 秒内不再询问");
    WireError::new(ErrorCode::PeerUnreachable, en).with_zh(zh)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> Identity {
        "qianmo://hospital-b/node/main".parse().unwrap()
    }

    fn silence() -> WireError {
        WireError::new(ErrorCode::PeerUnreachable, "")
    }

    #[test]
    fn a_dead_peer_is_asked_ever_more_seldom_and_a_living_one_always() {
        let breakers = Breakers::default();
        let mut now = 1_000_000;
        for pause in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
            assert!(breakers.admit(&peer(), now).is_ok());
            breakers.note(&peer(), Some(&silence()), now);
            let refused = breakers.admit(&peer(), now + pause - 1).unwrap_err();
            assert_eq!(refused.code, ErrorCode::PeerUnreachable);
            assert!(refused.message.contains("left alone for another 1 s"), "{refused}");
            now += pause;
        }
        assert!(breakers.admit(&peer(), now).is_ok());
        breakers.note(&peer(), None, now);
        assert!(breakers.admit(&peer(), now).is_ok());
        assert!(breakers.admit(&peer(), now).is_ok(), "well again: everybody may ask");
    }

    #[test]
    fn one_of_many_tries_a_peer_whose_time_has_come() {
        let breakers = Breakers::default();
        breakers.note(&peer(), Some(&silence()), 0);
        assert!(breakers.admit(&peer(), 1_000).is_ok());
        assert!(breakers.admit(&peer(), 1_000).is_err());
        assert!(breakers.admit(&peer(), 2_000).is_ok(), "the one who tried gave no word");
    }

    #[test]
    fn a_refusal_is_an_answer_and_a_clock_put_back_bars_nobody() {
        let breakers = Breakers::default();
        breakers.note(&peer(), Some(&WireError::new(ErrorCode::Denied, "")), 0);
        assert!(breakers.admit(&peer(), 0).is_ok());
        breakers.note(&peer(), Some(&silence()), 9_000);
        assert!(breakers.admit(&peer(), 8_999).is_ok());
    }
}
