//! Secrets of an endpoint that outlive its connections: stateless-reset tokens (RFC 9000, 10.3) under HMAC-SM3, and
//! address-validation tokens (8.1) under SM4-GCM. The latter's is drawn anew at each start. A node keeps the former's:
//! when it went down and is up again, whoever still speaks to it on a connection of before is told at once.

use std::sync::Arc;

use qianmo_crypto::{
    CryptoError as RandomError,
    hmac::{self, hmac_sm3},
    keys::KeyProvider,
    sm4::gcm,
};
use quinn::EndpointConfig;
use quinn_proto::{
    HashedConnectionIdGenerator,
    crypto::{AeadKey, CryptoError, HandshakeTokenKey, HmacKey},
};
use zeroize::Zeroizing;

use super::QUIC_V1;

/// Bytes of a stateless-reset secret.
pub(crate) const RESET_LEN: usize = 32;

/// Settings of an endpoint that dials, with a fresh stateless-reset key.
///
/// # Errors
/// [`RandomError`] if `keys` gives no random bytes.
pub(crate) fn endpoint_config(keys: &dyn KeyProvider) -> Result<EndpointConfig, RandomError> {
    Ok(config(Secret::draw(keys)?))
}

/// Settings of an endpoint that listens, with the stateless-reset secret of the one before it, if there was one.
pub(crate) fn kept_endpoint_config(secret: Zeroizing<[u8; RESET_LEN]>) -> EndpointConfig {
    config(Secret(secret))
}

fn config(secret: Secret) -> EndpointConfig {
    // Connection ids must be known again, too, or no token is made for them.
    let ids = hmac_sm3(secret.0.as_ref(), b"connection ids");
    let ids = ids.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    let mut config = EndpointConfig::new(Arc::new(secret));
    config.supported_versions(vec![QUIC_V1]);
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(ids)));
    config
}

/// A fresh key for the tokens by which a client proves its address.
///
/// # Errors
/// [`RandomError`] if `keys` gives no random bytes.
pub(crate) fn token_key(keys: &dyn KeyProvider) -> Result<Arc<dyn HandshakeTokenKey>, RandomError> {
    Ok(Arc::new(Secret::draw(keys)?))
}

struct Secret(Zeroizing<[u8; RESET_LEN]>);

impl Secret {
    fn draw(keys: &dyn KeyProvider) -> Result<Self, RandomError> {
        let mut secret = Zeroizing::new([0; 32]);
        keys.random(secret.as_mut())?;
        Ok(Self(secret))
    }
}

impl HmacKey for Secret {
    fn sign(&self, data: &[u8], out: &mut [u8]) {
        out.iter_mut().zip(hmac_sm3(self.0.as_ref(), data)).for_each(|(to, from)| *to = from);
    }

    fn signature_len(&self) -> usize {
        hmac::TAG_LEN
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        hmac::verify(self.0.as_ref(), data, signature).then_some(()).ok_or(CryptoError)
    }
}

impl HandshakeTokenKey for Secret {
    /// quinn passes 16 random bytes a token, so each token has its own key.
    fn aead_from_hkdf(&self, random: &[u8]) -> Box<dyn AeadKey> {
        let mut key = Zeroizing::new([0; 16]);
        key.iter_mut().zip(hmac_sm3(self.0.as_ref(), random)).for_each(|(to, from)| *to = from);
        Box::new(TokenAead(gcm::Key::new(&key)))
    }
}

/// Seals one token; its key is used once, so the nonce may be constant.
struct TokenAead(gcm::Key);

const NONCE: [u8; gcm::NONCE_LEN] = [0; gcm::NONCE_LEN];

impl AeadKey for TokenAead {
    fn seal(&self, data: &mut Vec<u8>, aad: &[u8]) -> Result<(), CryptoError> {
        let tag = self.0.seal_in_place(&NONCE, aad, data);
        data.extend_from_slice(&tag);
        Ok(())
    }

    fn open<'a>(&self, data: &'a mut [u8], aad: &[u8]) -> Result<&'a mut [u8], CryptoError> {
        let (body, tag) = data.split_last_chunk_mut().ok_or(CryptoError)?;
        self.0.open_in_place(&NONCE, aad, body, tag).map_err(|_| CryptoError)?;
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> Secret {
        Secret(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn reset_tokens_verify_under_their_own_key_only() {
        let mut token = [0; hmac::TAG_LEN];
        secret(1).sign(b"connection id", &mut token);
        assert!(secret(1).verify(b"connection id", &token).is_ok());
        assert!(secret(2).verify(b"connection id", &token).is_err());
        assert!(secret(1).verify(b"connection ie", &token).is_err());
        assert!(secret(1).verify(b"connection id", &token[1..]).is_err());
    }

    #[test]
    fn address_tokens_open_with_their_own_key_only() {
        let mut token = b"an address".to_vec();
        secret(1).aead_from_hkdf(b"random").seal(&mut token, b"").unwrap();
        let open = |secret: Secret, random: &[u8], token: &[u8]| {
            let mut token = token.to_vec();
            secret.aead_from_hkdf(random).open(&mut token, b"").map(|opened| opened.to_vec()).ok()
        };
        assert_eq!(open(secret(1), b"random", &token).unwrap(), b"an address");
        assert!(open(secret(2), b"random", &token).is_none());
        assert!(open(secret(1), b"other", &token).is_none());
        for len in 0..token.len() {
            assert!(open(secret(1), b"random", &token[..len]).is_none());
        }
    }
}
