//! Fetching a result and checking the node's signed word about it against the very bytes.

use qianmo_certs::Trust;
use qianmo_crypto::sm3::{self, Digest};
use qianmo_net::{client::Client, peer};
use qianmo_proto::{ErrorCode, Identity, JobId, Receipt, ResultDoc, Signed, WireError, ask};

/// A released result, its receipt checked.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The receipt.
    pub receipt: Receipt,
    /// The receipt as the node signed it, to be kept.
    pub signed: Signed<Receipt>,
    /// The result.
    pub document: ResultDoc,
    /// The result's exact bytes, which the receipt's digest covers.
    pub bytes: Vec<u8>,
}

impl Fetched {
    /// Rows in the result's tables: the only place where rows could leave a node.
    pub fn table_rows(&self) -> u64 {
        self.document.table_rows()
    }
}

/// Fetches the result of `job` from the node at the other end of `client`. The receipt must be that node's,
/// for that job and, where given, for the order with the full digest `order`, and for the bytes that came.
///
/// # Errors
/// The node's refusal (held, withheld, unknown), or [`ErrorCode::Signature`] for a receipt that does not hold.
pub async fn fetch_result(
    client: &Client,
    job: &JobId,
    order: Option<Digest>,
    trust: &Trust,
    now_ms: i64,
) -> Result<Fetched, WireError> {
    let ask = ask::ResultGet { id: job.clone() };
    let (signed, bytes): (Signed<Receipt>, Vec<u8>) = client.exchange(ask, &[]).await?;
    let opened = peer::open_any(&signed, trust, now_ms)?;
    let expected = Expected { node: client.node(), job, order };
    expected.check(&opened.signer.identity, &opened.value, &bytes)?;
    let document = serde_json::from_slice(&bytes).map_err(|e| {
        WireError::new(ErrorCode::BadRequest, format!("the result does not parse: {e}; is the node newer?"))
    })?;
    Ok(Fetched { receipt: opened.value, signed, document, bytes })
}

/// What a receipt must say.
struct Expected<'a> {
    node: &'a Identity,
    job: &'a JobId,
    order: Option<Digest>,
}

impl Expected<'_> {
    fn check(&self, signer: &Identity, receipt: &Receipt, bytes: &[u8]) -> Result<(), WireError> {
        let fault = if signer != self.node {
            format!("is signed by {signer}")
        } else if receipt.job != *self.job {
            format!("is for {}", receipt.job)
        } else if self.order.is_some_and(|order| order != receipt.order) {
            "is for another order".to_owned()
        } else if receipt.bytes != bytes.len() as u64 || receipt.result != sm3::digest(bytes) {
            "is for other bytes than came with it".to_owned()
        } else {
            return Ok(());
        };
        let text = format!(
            "the receipt of {} for {} {fault}; do not use the result, and tell the node's auditor",
            self.node, self.job
        );
        Err(WireError::new(ErrorCode::Signature, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(bytes: &[u8]) -> Receipt {
        Receipt {
            v: 1,
            job: "job-66c7f0f462eeedd9d1f2".parse().unwrap(),
            order: sm3::digest(b"order"),
            contract: "ctr-66c7f0f462eeedd9d1f2".parse().unwrap(),
            dataset: "hospital-a/screening".parse().unwrap(),
            model: sm3::digest(b"model"),
            result: sm3::digest(bytes),
            bytes: bytes.len() as u64,
            seq: 7,
            at_ms: 1,
        }
    }

    #[test]
    fn a_receipt_for_anything_else_is_refused() {
        let node: Identity = "qianmo://hospital-a/node/main".parse().unwrap();
        let other: Identity = "qianmo://hospital-b/node/main".parse().unwrap();
        let bytes = br#"{"samples":1}"#;
        let good = receipt(bytes);
        let expected = Expected { node: &node, job: &good.job, order: Some(good.order) };
        assert_eq!(expected.check(&node, &good, bytes), Ok(()));

        let fault = |signer, receipt: &Receipt, bytes| {
            expected.check(signer, receipt, bytes).expect_err("a fault").message
        };
        assert!(fault(&other, &good, bytes.as_slice()).contains("signed by qianmo://hospital-b"));
        assert!(fault(&node, &good, b"other").contains("other bytes"));
        let another_job = Receipt { job: "job-00c7f0f462eeedd9d1f2".parse().unwrap(), ..good.clone() };
        assert!(fault(&node, &another_job, bytes.as_slice()).contains("job-00c7"));
        let another_order = Receipt { order: sm3::digest(b"x"), ..good.clone() };
        assert!(fault(&node, &another_order, bytes.as_slice()).contains("another order"));
    }
}
