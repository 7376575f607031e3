//! An SM2 private key on its way to another key's holder: SM2EnvelopedKey of GM/T 0009-2012, 7.4 (GB/T
//! 35276-2017, 7.4).
//!
//! ```text
//! SM2EnvelopedKey ::= SEQUENCE {
//!   symAlgID               AlgorithmIdentifier,   -- SM4-ECB
//!   symEncryptedKey        SM2Cipher,             -- the SM4 key, encrypted to the recipient
//!   sm2PublicKey           BIT STRING,            -- 04, x, y of the enveloped key
//!   sm2EncryptedPrivateKey BIT STRING }           -- d, 32 bytes, under the SM4 key
//! ```
//!
//! A certificate authority sends an encryption key pair this way. Two blocks of ECB under a key used once
//! hide d; nothing authenticates them but the public key beside them, which d must belong to. And nothing at
//! all says who made the envelope: it has to come over a channel that does.
//!
//! The standard does not say whether d is padded before ECB. This is the form without padding, as gmsm and
//! others write it and as SKF's ENVELOPEDKEYBLOB (GM/T 0016) carries it in the right half of its 64-byte
//! field; 48 bytes with padding, or that whole field, are refused. The algorithm is written as
//! 1.2.156.10197.1.104.1 with NULL parameters and read with or without them, and also as plain SM4,
//! 1.2.156.10197.1.104.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::ciphertext::Sm2Cipher;
use super::{Ciphertext, PublicKey, SecretKey};
use crate::sm4::{self, Cipher};
use crate::{CryptoError, random};

const SM4: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104");
const SM4_ECB: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104.1");

/// A key pair whose private half is encrypted to a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopedKey {
    encrypted_kek: Ciphertext,
    public: PublicKey,
    encrypted_private: [u8; 32],
}

#[derive(Sequence)]
struct Sm2EnvelopedKey<'a> {
    sym_alg_id: AlgorithmIdentifierRef<'a>,
    sym_encrypted_key: Sm2Cipher<'a>,
    sm2_public_key: BitStringRef<'a>,
    sm2_encrypted_private_key: BitStringRef<'a>,
}

impl EnvelopedKey {
    /// Encrypts `key` to `recipient` under a new SM4 key.
    ///
    /// # Errors
    /// [`CryptoError::Random`] without random bytes.
    pub fn seal(key: &SecretKey, recipient: &PublicKey) -> Result<Self, CryptoError> {
        let mut kek = Zeroizing::new([0; sm4::KEY_LEN]);
        random::fill(kek.as_mut())?;
        let encrypted_kek = recipient.encrypt(kek.as_slice())?;
        let mut private = key.scalar().to_bytes();
        Cipher::new(&kek).encrypt_blocks(private.as_chunks_mut().0);
        Ok(Self { encrypted_kek, public: key.public_key(), encrypted_private: *private })
    }

    /// Decrypts the private key with the recipient's.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`] if the envelope was altered or is for another recipient.
    pub fn open(&self, recipient: &SecretKey) -> Result<SecretKey, CryptoError> {
        self.open_with(|ciphertext| recipient.decrypt(ciphertext))
    }

    /// Decrypts the private key where the recipient's key is behind a provider: `decrypt` decrypts one SM2
    /// ciphertext.
    ///
    /// # Errors
    /// [`CryptoError::Decrypt`] if the envelope was altered or is for another recipient, and what `decrypt`
    /// reports.
    pub fn open_with(
        &self,
        decrypt: impl FnOnce(&Ciphertext) -> Result<Zeroizing<Vec<u8>>, CryptoError>,
    ) -> Result<SecretKey, CryptoError> {
        let kek = decrypt(&self.encrypted_kek)?;
        let kek: &[u8; sm4::KEY_LEN] = kek.as_slice().try_into().map_err(|_| CryptoError::Decrypt)?;
        let mut private = Zeroizing::new(self.encrypted_private);
        Cipher::new(kek).decrypt_blocks(private.as_chunks_mut().0);
        SecretKey::from_bytes(&private)
            .ok()
            .filter(|key| key.public_key() == self.public)
            .ok_or(CryptoError::Decrypt)
    }

    /// The public half, which nobody has vouched for before [`open`](Self::open).
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Reads strict DER.
    ///
    /// # Errors
    /// [`CryptoError::EnvelopedKey`] if it is anything else, of another algorithm, or of another length.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let fields = Sm2EnvelopedKey::from_der(der).map_err(|_| CryptoError::EnvelopedKey("bad DER"))?;
        let algorithm = fields.sym_alg_id;
        let null_or_absent = algorithm.parameters.is_none_or(|parameters| parameters == AnyRef::NULL);
        if ![SM4_ECB, SM4].contains(&algorithm.oid) || !null_or_absent {
            return Err(CryptoError::EnvelopedKey("not under SM4-ECB"));
        }
        let public = fields.sm2_public_key.as_bytes().map(PublicKey::from_sec1);
        let private = fields.sm2_encrypted_private_key.as_bytes().map(<[u8; 32]>::try_from);
        Ok(Self {
            encrypted_kek: Ciphertext::try_from(fields.sym_encrypted_key)
                .map_err(|_| CryptoError::EnvelopedKey("its SM4 key is no SM2 ciphertext"))?,
            public: public
                .and_then(Result::ok)
                .ok_or(CryptoError::EnvelopedKey("its public key is no point on the curve"))?,
            encrypted_private: private
                .and_then(Result::ok)
                .ok_or(CryptoError::EnvelopedKey("its private key is not 32 bytes"))?,
        })
    }

    /// This envelope in DER.
    pub fn to_der(&self) -> Vec<u8> {
        let (c1, public) = (self.encrypted_kek.c1.coordinates(), self.public.to_sec1());
        let encode = || {
            Sm2EnvelopedKey {
                sym_alg_id: AlgorithmIdentifierRef { oid: SM4_ECB, parameters: Some(AnyRef::NULL) },
                sym_encrypted_key: self.encrypted_kek.to_sequence(&c1)?,
                sm2_public_key: BitStringRef::from_bytes(&public)?,
                sm2_encrypted_private_key: BitStringRef::from_bytes(&self.encrypted_private)?,
            }
            .to_der()
        };
        encode().expect("four short fields encode")
    }
}

#[cfg(test)]
mod tests;
