//! Keys in a hardware module, through its PKCS#11 library (OASIS PKCS#11 2.40 and later).
//!
//! PKCS#11 has no SM2 and no SM4: every vendor numbers these mechanisms as it likes, so the numbers are settings
//! ([`Mechanisms`]) and come from the vendor's header. What is asked of the token:
//!
//! | call | key on the token | PKCS#11 |
//! |---|---|---|
//! | [`sign`](KeyProvider::sign) | an SM2 key pair under one label | `C_Sign` with [`Mechanisms::sm2_sign`] over the 32 bytes e = SM3(Z, message), which are computed here; r and s come back as 64 bytes or as DER |
//! | [`ecdh`](KeyProvider::ecdh) | the same pair | `C_DeriveKey` with CKM_ECDH1_DERIVE and CKD_NULL |
//! | [`wrap`](KeyProvider::wrap) | an SM4 key under another label | `C_Encrypt` with [`Mechanisms::sm4_ecb`] of one block |
//! | [`random`](KeyProvider::random) | | `C_GenerateRandom` |
//!
//! A data key is wrapped under a key of its own: SM4-GCM under E(nonce), with E the token's block cipher and the
//! nonce random. So the wrapping key stays in the token, and altered wraps are still found out.
//!
//! [`sm2_decrypt`](KeyProvider::sm2_decrypt) is not supported: vendors disagree on the ciphertext's form.
//!
//! Tested with SoftHSM 2.6, which has neither SM2 nor SM4: sessions, log-in, look-up, random bytes and wrapping
//! (with AES in the place of SM4) are; signing is tested up to the answer of a mechanism that is not SM2's. Before
//! use with a real token, run [`self_test`](KeyProvider::self_test) on it, which signs and verifies.
//!
//! A call takes as long as the token does, and PKCS#11 knows no timeout: use a token that answers within
//! milliseconds. Nothing here waits for another thread's call.

mod error;
mod pool;

use std::path::Path;

use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::mechanism::vendor_defined::VendorDefinedMechanism;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::Zeroizing;

pub use self::error::OpenError;
use self::pool::Pool;
use super::{DEK_LEN, KeyProvider, WRAP_AAD};
use crate::CryptoError;
use crate::sm2::{PublicKey, Signature};
use crate::sm4::gcm;

const BLOCK_LEN: usize = 16;

/// Numbers of the vendor's mechanisms (CKM_…), from its header. No default fits two vendors: one has SM2 at 0xFFFFF002,
/// another at 0x00010002, which the standard keeps for itself and which is refused here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mechanisms {
    /// SM2 signature of a hash of 32 bytes, often called CKM_SM2 or CKM_VENDOR_SM2: not the one that hashes itself.
    pub sm2_sign: u64,
    /// SM4 in electronic codebook mode, often called CKM_SM4_ECB.
    pub sm4_ecb: u64,
}

/// Where the keys are.
#[expect(missing_debug_implementations, reason = "it holds the PIN")]
pub struct Settings<'a> {
    /// The vendor's library.
    pub library: &'a Path,
    /// Label of the token.
    pub token: &'a str,
    /// The user's PIN. It is kept, to log in again after the token was reset.
    pub pin: Zeroizing<String>,
    /// Label of the SM2 private key and of its public key.
    pub signing_key: &'a str,
    /// Label of the SM4 key.
    pub wrapping_key: &'a str,
    /// Numbers of the mechanisms.
    pub mechanisms: Mechanisms,
}

/// A node's keys in a token.
#[expect(missing_debug_implementations, reason = "it holds the PIN")]
pub struct Pkcs11Keys {
    pool: Pool,
    public_key: PublicKey,
    sm2_sign: MechanismType,
    sm4_ecb: MechanismType,
}

/// Handles of the token's keys. They may change when the token is reset.
#[derive(Clone, Copy)]
struct Handles {
    signing: ObjectHandle,
    wrapping: ObjectHandle,
}

impl Pkcs11Keys {
    /// Logs in and finds the keys.
    ///
    /// # Errors
    /// An [`OpenError`] that says which of the settings does not fit.
    pub fn open(settings: Settings<'_>) -> Result<Self, OpenError> {
        let sm2_sign = mechanism_type(settings.mechanisms.sm2_sign)?;
        let sm4_ecb = mechanism_type(settings.mechanisms.sm4_ecb)?;
        let (signing_key, labels) = (settings.signing_key, Labels::of(&settings));
        let pool = Pool::open(settings.library, settings.token, &settings.pin, labels)?;
        for (mechanism, number) in
            [(sm2_sign, settings.mechanisms.sm2_sign), (sm4_ecb, settings.mechanisms.sm4_ecb)]
        {
            pool.check_mechanism(mechanism, number)?;
        }
        let public_key = pool.look(|session| find_public_key(session, signing_key))?;
        Ok(Self { pool, public_key, sm2_sign, sm4_ecb })
    }

    /// E(block) under the wrapping key.
    fn encrypt_block(&self, block: &[u8; BLOCK_LEN]) -> Result<Zeroizing<[u8; BLOCK_LEN]>, CryptoError> {
        let mechanism = without_parameters(self.sm4_ecb);
        let out = self.pool.run(|session, keys| session.encrypt(&mechanism, keys.wrapping, block))?;
        let out = Zeroizing::new(out);
        let block = out.as_slice().try_into();
        block.map(Zeroizing::new).map_err(|_| CryptoError::Provider("its SM4 gave no single block"))
    }

    /// The key under which one data key is sealed; the nonce of GCM may then be constant.
    fn wrapping_subkey(&self, nonce: &[u8; BLOCK_LEN]) -> Result<gcm::Key, CryptoError> {
        Ok(gcm::Key::new(&*self.encrypt_block(nonce)?))
    }
}

impl KeyProvider for Pkcs11Keys {
    fn public_key(&self) -> PublicKey {
        self.public_key.clone()
    }

    fn sign(&self, user_id: &[u8], msg: &[u8]) -> Result<Signature, CryptoError> {
        let e = self.public_key.message_hash(user_id, msg)?;
        let mechanism = without_parameters(self.sm2_sign);
        let signature = self.pool.run(|session, keys| session.sign(&mechanism, keys.signing, &e))?;
        match <&[u8; Signature::LEN]>::try_from(signature.as_slice()) {
            Ok(bytes) => Signature::from_bytes(bytes),
            Err(_) => Signature::from_der(&signature),
        }
    }

    fn ecdh(&self, peer: &PublicKey) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let peer = peer.to_sec1();
        let mechanism = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), &peer));
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::ValueLen(32.into()),
            Attribute::Token(false),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
        ];
        let value = self.pool.run(|session, keys| {
            let key = session.derive_key(&mechanism, keys.signing, &template)?;
            let value = session.get_attributes(key, &[AttributeType::Value]);
            session.destroy_object(key)?;
            value
        })?;
        let secret = value.into_iter().find_map(|attribute| match attribute {
            Attribute::Value(value) => Some(Zeroizing::new(value)),
            _ => None,
        });
        let secret = secret.as_ref().and_then(|value| value.as_slice().try_into().ok());
        secret.map(Zeroizing::new).ok_or(CryptoError::Provider("it does not give out an ECDH secret"))
    }

    /// Nonce (16), encrypted key (16), tag (16).
    fn wrap(&self, dek: &[u8; DEK_LEN]) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; BLOCK_LEN];
        self.random(&mut nonce)?;
        let sealed = self.wrapping_subkey(&nonce)?.seal(&[0; gcm::NONCE_LEN], WRAP_AAD, dek);
        Ok([nonce.as_slice(), &sealed].concat())
    }

    fn unwrap_key(&self, wrapped: &[u8]) -> Result<Zeroizing<[u8; DEK_LEN]>, CryptoError> {
        let (nonce, sealed) = wrapped.split_first_chunk().ok_or(CryptoError::Decrypt)?;
        let (encrypted, tag) = sealed.split_last_chunk().ok_or(CryptoError::Decrypt)?;
        let mut dek = Zeroizing::new(<[u8; DEK_LEN]>::try_from(encrypted).map_err(|_| CryptoError::Decrypt)?);
        self.wrapping_subkey(nonce)?.open_in_place(&[0; gcm::NONCE_LEN], WRAP_AAD, dek.as_mut(), tag)?;
        Ok(dek)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.pool.run(|session, _| session.generate_random_slice(out))
    }
}

/// Labels of the two keys.
struct Labels {
    signing: String,
    wrapping: String,
}

impl Labels {
    fn of(settings: &Settings<'_>) -> Self {
        Self { signing: settings.signing_key.to_owned(), wrapping: settings.wrapping_key.to_owned() }
    }

    fn find(&self, session: &Session) -> Result<Handles, OpenError> {
        Ok(Handles {
            signing: find_one(session, ObjectClass::PRIVATE_KEY, &self.signing)?,
            wrapping: find_one(session, ObjectClass::SECRET_KEY, &self.wrapping)?,
        })
    }
}

fn find_one(session: &Session, class: ObjectClass, label: &str) -> Result<ObjectHandle, OpenError> {
    let template = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
    match session.find_objects(&template)?.as_slice() {
        [key] => Ok(*key),
        found => {
            Err(OpenError::Key { label: label.to_owned(), class: class.to_string(), found: found.len() })
        }
    }
}

/// CKA_EC_POINT: 0x04, x, y inside an OCTET STRING, or bare as some tokens have it.
fn find_public_key(session: &Session, label: &str) -> Result<PublicKey, OpenError> {
    let key = find_one(session, ObjectClass::PUBLIC_KEY, label)?;
    let attributes = session.get_attributes(key, &[AttributeType::EcPoint])?;
    let point = attributes.into_iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(point) => Some(point),
        _ => None,
    });
    let point = point.ok_or_else(|| OpenError::NotSm2(label.to_owned()))?;
    let bare = point.strip_prefix(&[0x04, PublicKey::SEC1_LEN as u8]).unwrap_or(&point);
    PublicKey::from_sec1(bare).map_err(|_| OpenError::NotSm2(label.to_owned()))
}

fn mechanism_type(number: u64) -> Result<MechanismType, OpenError> {
    MechanismType::new_vendor_defined(number)
        .or_else(|_| MechanismType::try_from(number))
        .map_err(|_| OpenError::Number(number))
}

fn without_parameters(mechanism: MechanismType) -> Mechanism<'static> {
    Mechanism::VendorDefined(VendorDefinedMechanism::new::<()>(mechanism, None))
}
