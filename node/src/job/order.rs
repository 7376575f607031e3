//! An order whose bytes have become a value: length, signature, signer and version checked, once.

use qianmo_certs::Trust;
use qianmo_crypto::sm3::Digest;
use qianmo_policies::KeyExchange;
use qianmo_proto::{ContractId, ErrorCode, Id as _, Identity, JobId, JobOrder, Signed, WireError, limits};

use crate::{
    auth::{self, Opened, Peer},
    authorize::Asked,
};

/// A checked order. Says nothing yet about whether it may run.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    id: JobId,
    consumer: Identity,
    /// SM3 of the consumer's certificate.
    fingerprint: Digest,
    value: JobOrder,
    document: Signed<JobOrder>,
    key_exchange: KeyExchange,
}

impl Order {
    /// Opens an order that the connected peer signed itself.
    pub(crate) fn open(
        trust: &Trust,
        now_ms: i64,
        peer: &Peer,
        document: Signed<JobOrder>,
    ) -> Result<Self, WireError> {
        let opened = auth::open(&document, peer, trust, now_ms)?;
        Self::checked(opened, document, key_exchange(peer)?)
    }

    /// Opens an order again that was accepted before the node went down. Its signer must still be good.
    pub(crate) fn reopen(
        trust: &Trust,
        now_ms: i64,
        document: Signed<JobOrder>,
        consumer: &Identity,
        key_exchange: KeyExchange,
    ) -> Result<Self, WireError> {
        let opened = auth::open_any(&document, trust, now_ms)?;
        if opened.signer.identity != *consumer {
            return Err(WireError::new(ErrorCode::Signer, "the stored order is signed by somebody else"));
        }
        Self::checked(opened, document, key_exchange)
    }

    fn checked(
        opened: Opened<JobOrder>,
        document: Signed<JobOrder>,
        key_exchange: KeyExchange,
    ) -> Result<Self, WireError> {
        check(&opened.value)?;
        Ok(Self {
            id: JobId::of(&opened.digest),
            consumer: opened.signer.identity,
            fingerprint: opened.signer.fingerprint,
            value: opened.value,
            document,
            key_exchange,
        })
    }

    /// The job's id, derived from the signed bytes.
    pub(crate) const fn id(&self) -> &JobId {
        &self.id
    }

    /// Who signed it.
    pub(crate) const fn consumer(&self) -> &Identity {
        &self.consumer
    }

    /// SM3 of the signer's certificate.
    pub(crate) const fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// The contract it names.
    pub(crate) const fn contract(&self) -> &ContractId {
        &self.value.contract
    }

    /// What it asks for.
    pub(crate) const fn value(&self) -> &JobOrder {
        &self.value
    }

    /// The signed document, to be kept.
    pub(crate) const fn document(&self) -> &Signed<JobOrder> {
        &self.document
    }

    /// Key exchange of the connection it came by.
    pub(crate) const fn key_exchange(&self) -> KeyExchange {
        self.key_exchange
    }

    /// What is to be decided on.
    pub(crate) const fn asked(&self) -> Asked<'_> {
        Asked { consumer: &self.consumer, order: &self.value, key_exchange: self.key_exchange }
    }
}

/// Checks of an order that need neither contract nor policy.
pub(crate) fn check(order: &JobOrder) -> Result<(), WireError> {
    if order.v != 1 {
        let text = format!("order version {} is not known here; this node reads version 1", order.v);
        return Err(WireError::new(ErrorCode::UnknownVersion, text));
    }
    let params = order.params.get().len();
    if params > limits::PARAMS_BYTES {
        let text = format!("the parameters have {params} bytes; the limit is {}", limits::PARAMS_BYTES);
        return Err(WireError::new(ErrorCode::TooLarge, text));
    }
    if order.round.is_none() && !order.state.is_empty() {
        let text = "the order carries a state but names no round; only federated rounds have a state";
        return Err(WireError::new(ErrorCode::Order, text));
    }
    Ok(())
}

/// Key exchange of a peer's connection, as policies know it.
pub(crate) fn key_exchange(peer: &Peer) -> Result<KeyExchange, WireError> {
    peer.group
        .parse()
        .map_err(|e| WireError::new(ErrorCode::Denied, format!("the connection is unusable: {e}")))
}
