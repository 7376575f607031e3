//! Signing CertificateVerify with a key provider.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

use super::SM2SIG_SM3;
use crate::keys::KeyProvider;
use crate::sm2::TLS_USER_ID;

/// The provider's signing key as rustls uses it: sm2sig_sm3 under the TLS user id.
pub fn signing_key(keys: Arc<dyn KeyProvider>) -> Arc<dyn SigningKey> {
    let spki = keys.public_key().to_spki_der();
    Arc::new(Key { keys, spki })
}

struct Key {
    keys: Arc<dyn KeyProvider>,
    spki: Vec<u8>,
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SM2SIG_SM3)
            .then(|| Box::new(HandshakeSigner(Arc::clone(&self.keys))) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.spki.as_slice().into())
    }

    /// rustls names no SM2; it reads this for TLS 1.2 only.
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tls::sign::Key")
    }
}

struct HandshakeSigner(Arc<dyn KeyProvider>);

impl Signer for HandshakeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature =
            self.0.sign(TLS_USER_ID, message).map_err(|error| Error::General(error.to_string()))?;
        Ok(signature.to_der())
    }

    fn scheme(&self) -> SignatureScheme {
        SM2SIG_SM3
    }
}

impl fmt::Debug for HandshakeSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tls::sign::HandshakeSigner")
    }
}
