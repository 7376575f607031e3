//! Who is at the other end, and whether a signed document is really theirs.

use qianmo_certs::{Trust, Verified};
use qianmo_crypto::sm3::Digest;
use qianmo_proto::{Document, ErrorCode, Identity, JobOrder, Signed, SignedError, WireError, limits};

/// The authenticated other end of a connection. Made from the TLS handshake only.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// The certificate that held.
    pub(crate) verified: Verified,
    /// Name of the negotiated key-exchange group.
    pub(crate) group: String,
    /// Name of the negotiated cipher suite.
    pub(crate) suite: String,
}

impl Peer {
    /// Who it is.
    pub(crate) const fn identity(&self) -> &Identity {
        &self.verified.identity
    }
}

/// A document whose signature, chain and signer have been checked.
#[derive(Debug, Clone)]
pub(crate) struct Opened<T> {
    pub(crate) value: T,
    /// SM3 of context and payload: what ids are derived from and approvals name.
    pub(crate) digest: Digest,
    pub(crate) signer: Verified,
}

/// Opens a document that must be signed by the connected peer itself.
pub(crate) fn open<T: Document>(
    document: &Signed<T>,
    peer: &Peer,
    trust: &Trust,
    now_ms: i64,
) -> Result<Opened<T>, WireError> {
    let opened = open_any(document, trust, now_ms)?;
    if opened.signer.identity != *peer.identity() {
        let text = format!(
            "the document is signed by {}, but {} is connected: sign and send as the same person",
            opened.signer.identity,
            peer.identity()
        );
        return Err(WireError::new(ErrorCode::Signer, text));
    }
    Ok(opened)
}

/// Opens a document signed by anybody of the federation.
pub(crate) fn open_any<T: Document>(
    document: &Signed<T>,
    trust: &Trust,
    now_ms: i64,
) -> Result<Opened<T>, WireError> {
    let signer = trust
        .current()
        .verify(document.certificate(), now_ms)
        .map_err(|e| WireError::new(ErrorCode::Certificate, e.to_string()))?;
    let value = document.open(&signer.public_key).map_err(|e| {
        let code = match e {
            SignedError::Text(_) | SignedError::TooLong(_) => ErrorCode::TooLarge,
            SignedError::Payload(_) => ErrorCode::BadRequest,
            SignedError::Context { .. } | SignedError::Signature(_) => ErrorCode::Signature,
        };
        WireError::new(code, e.to_string())
    })?;
    Ok(Opened { value, digest: document.digest(), signer })
}

/// Checks of an order that need neither contract nor policy.
pub(crate) fn check_order(order: &JobOrder) -> Result<(), WireError> {
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
