//! Who is at the other end, and whether a signed document is really theirs.

use qianmo_certs::{Trust, Verified};
use qianmo_crypto::sm3::Digest;
use qianmo_proto::{Document, ErrorCode, Identity, Signed, SignedError, WireError};

/// The authenticated other end of a connection. Made from the TLS handshake only.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The certificate that held.
    pub verified: Verified,
    /// Name of the negotiated key-exchange group.
    pub group: String,
    /// Name of the negotiated cipher suite.
    pub suite: String,
}

impl Peer {
    /// Who it is.
    pub const fn identity(&self) -> &Identity {
        &self.verified.identity
    }
}

/// A document whose signature, chain and signer have been checked.
#[derive(Debug, Clone)]
pub struct Opened<T> {
    /// What it says.
    pub value: T,
    /// SM3 of context and payload: what ids are derived from and approvals name.
    pub digest: Digest,
    /// Who signed it.
    pub signer: Verified,
}

/// Opens a document that must be signed by the connected peer itself.
pub fn open<T: Document>(
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
pub fn open_any<T: Document>(
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
