//! TLS 1.3 records under SM4-GCM (RFC 8446, section 5.2), for TLS over TCP.

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, Nonce,
    OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm,
    UnsupportedOperationError, make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use super::quic::key_bytes;
use crate::sm4::{KEY_LEN, gcm};

/// Makes record keys.
pub(super) struct Records;

impl Tls13AeadAlgorithm for Records {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(RecordKey::new(&key, iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(RecordKey::new(&key, iv))
    }

    fn key_len(&self) -> usize {
        KEY_LEN
    }

    /// rustls 0.23 has no way to name SM4 secrets, so kernel TLS is out.
    fn extract_keys(&self, _: AeadKey, _: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

struct RecordKey {
    key: gcm::Key,
    iv: Iv,
}

impl RecordKey {
    fn new(key: &AeadKey, iv: Iv) -> Self {
        Self { key: gcm::Key::new(key_bytes(key)), iv }
    }
}

impl MessageEncrypter for RecordKey {
    fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let len = self.encrypted_payload_len(msg.payload.len());
        let mut payload = PrefixedPayload::with_capacity(len);
        payload.extend_from_chunks(&msg.payload);
        payload.extend_from_slice(&msg.typ.to_array());
        let nonce = Nonce::new(&self.iv, seq).0;
        let tag = self.key.seal_in_place(&nonce, &make_tls13_aad(len), payload.as_mut());
        payload.extend_from_slice(&tag);
        Ok(OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len + 1 + gcm::TAG_LEN
    }
}

impl MessageDecrypter for RecordKey {
    fn decrypt<'a>(
        &mut self,
        mut msg: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let nonce = Nonce::new(&self.iv, seq).0;
        let aad = make_tls13_aad(msg.payload.len());
        let (body, tag) = msg.payload.split_last_chunk_mut().ok_or(Error::DecryptError)?;
        self.key.open_in_place(&nonce, &aad, body, tag).map_err(|_| Error::DecryptError)?;
        let plain_len = body.len();
        msg.payload.truncate(plain_len);
        msg.into_tls13_unpadded_message()
    }
}
