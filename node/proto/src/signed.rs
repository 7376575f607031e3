//! `Signed<T>`: exact JSON bytes, a context, the signer's certificate and an SM2 signature over them.
//!
//! What must outlive a connection is signed. The bytes are kept as received and are never serialised
//! again to verify, so no canonical form is needed. The signature covers
//! `context ‖ 0x00 ‖ payload` with the default SM2 user id (GB/T 32918.2; GM/T 0009, section 10).

use std::marker::PhantomData;

use qianmo_crypto::{
    CryptoError,
    keys::KeyProvider,
    sm2::{CERT_USER_ID, PublicKey, Signature},
    sm3::{self, Digest},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{ids::Base64, limits, texts::TextTooLong};

/// A kind of document that can be signed.
pub trait Document: Serialize + DeserializeOwned {
    /// What the signature is for: a signature made for one context is void in another.
    const CONTEXT: &'static str;

    /// Whether every text in it keeps its limit. Documents enter trails and lists.
    fn check(&self) -> Result<(), TextTooLong>;
}

/// Why a signed document was refused.
#[derive(Debug, thiserror::Error)]
pub enum SignedError {
    /// Signed for something else.
    #[error("signed as {found:?}, but {expected:?} is needed here")]
    Context {
        /// What the document says it is.
        found: String,
        /// What was needed.
        expected: &'static str,
    },
    /// Longer than the limit.
    #[error("the signed document has {0} bytes; the limit is {max}", max = limits::DOCUMENT_BYTES)]
    TooLong(usize),
    /// The signature is not the certificate holder's over these bytes.
    #[error("the signature does not fit the document and its certificate: {0}")]
    Signature(#[from] CryptoError),
    /// The payload is not the JSON of this kind of document.
    #[error("the signed document does not parse: {0}")]
    Payload(#[source] serde_json::Error),
    /// A text in it is over its limit.
    #[error("in the signed document, {0}")]
    Text(#[from] TextTooLong),
}

/// A document of kind `T` with the signature over its exact bytes. Nothing is checked until
/// [`Signed::open`]; the chain of the certificate is the caller's to judge first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Signed<T> {
    context: String,
    payload: Base64,
    certificate: Base64,
    signature: Base64,
    #[serde(skip)]
    kind: PhantomData<fn() -> T>,
}

impl<T: Document> Signed<T> {
    /// Signs `document` with the key that `certificate` (DER) certifies.
    pub fn sign(document: &T, certificate: &[u8], keys: &dyn KeyProvider) -> Result<Self, SignedError> {
        let payload = serde_json::to_vec(document).map_err(SignedError::Payload)?;
        let signature = keys.sign(CERT_USER_ID, &message(T::CONTEXT, &payload))?;
        Ok(Self {
            context: T::CONTEXT.to_owned(),
            payload: Base64(payload),
            certificate: Base64(certificate.to_vec()),
            signature: Base64(signature.to_bytes().to_vec()),
            kind: PhantomData,
        })
    }

    /// The signer's certificate, DER. Its chain must be verified before [`Signed::open`] means anything.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate.0
    }

    /// SM3 of context and payload: the document's name. Does not cover signer or signature.
    pub fn digest(&self) -> Digest {
        sm3::digest(&message(&self.context, &self.payload.0))
    }

    /// SM3 over document, certificate and signature: what a trail entry points to.
    pub fn full_digest(&self) -> Digest {
        let mut hasher = sm3::Hasher::new();
        for part in [self.context.as_bytes(), &self.payload.0, &self.certificate.0, &self.signature.0] {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.finish()
    }

    /// Checks context, length and signature against `signer` (from the verified certificate), parses the payload once
    /// and checks its texts.
    pub fn open(&self, signer: &PublicKey) -> Result<T, SignedError> {
        if self.context != T::CONTEXT {
            return Err(SignedError::Context { found: self.context.clone(), expected: T::CONTEXT });
        }
        if self.payload.0.len() > limits::DOCUMENT_BYTES {
            return Err(SignedError::TooLong(self.payload.0.len()));
        }
        let bytes: &[u8; 64] =
            self.signature.0.as_slice().try_into().map_err(|_| CryptoError::SignatureEncoding)?;
        let signature = Signature::from_bytes(bytes)?;
        signer.verify(CERT_USER_ID, &message(T::CONTEXT, &self.payload.0), &signature)?;
        let document: T = serde_json::from_slice(&self.payload.0).map_err(SignedError::Payload)?;
        document.check()?;
        Ok(document)
    }
}

fn message(context: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(context.len() + 1 + payload.len());
    message.extend_from_slice(context.as_bytes());
    message.push(0);
    message.extend_from_slice(payload);
    message
}
