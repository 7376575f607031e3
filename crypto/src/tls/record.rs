//! TLS 1.3 records under an AEAD of SM4 (RFC 8446, section 5.2), for TLS over TCP.

use std::marker::PhantomData;

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, Nonce,
    OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm,
    UnsupportedOperationError, make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use super::quic::{Payload, TAG_LEN, key_bytes};
use crate::sm4::KEY_LEN;

/// Makes record keys from AEAD `P`.
pub(super) struct Records<P>(PhantomData<fn() -> P>);

impl<P> Records<P> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<P: Payload> Tls13AeadAlgorithm for Records<P> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(RecordKey { key: P::new(key_bytes(&key)), iv })
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(RecordKey { key: P::new(key_bytes(&key)), iv })
    }

    fn key_len(&self) -> usize {
        KEY_LEN
    }

    /// rustls 0.23 has no way to name SM4 secrets, so kernel TLS is out.
    fn extract_keys(&self, _: AeadKey, _: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

struct RecordKey<P> {
    key: P,
    iv: Iv,
}

impl<P: Payload> MessageEncrypter for RecordKey<P> {
    fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let len = self.encrypted_payload_len(msg.payload.len());
        let mut payload = PrefixedPayload::with_capacity(len);
        payload.extend_from_chunks(&msg.payload);
        payload.extend_from_slice(&msg.typ.to_array());
        let nonce = Nonce::new(&self.iv, seq).0;
        let tag = self.key.seal(nonce, &make_tls13_aad(len), payload.as_mut())?;
        payload.extend_from_slice(&tag);
        Ok(OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len + 1 + TAG_LEN
    }
}

impl<P: Payload> MessageDecrypter for RecordKey<P> {
    fn decrypt<'a>(
        &mut self,
        mut msg: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let nonce = Nonce::new(&self.iv, seq).0;
        let aad = make_tls13_aad(msg.payload.len());
        let (body, tag) = msg.payload.split_last_chunk_mut().ok_or(Error::DecryptError)?;
        self.key.open(nonce, &aad, body, tag)?;
        let plain_len = body.len();
        msg.payload.truncate(plain_len);
        msg.into_tls13_unpadded_message()
    }
}
