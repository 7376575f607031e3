//! SM2: signatures, encryption and key agreement on curve sm2p256v1 (GB/T 32918-2016).
//!
//! Signing hashes a *user id* along with the message (GB/T 32918.2, 5.5): a signature made under one user id
//! verifies under no other. Two are in use here, [`CERT_USER_ID`] and [`TLS_USER_ID`].
//!
//! [`PublicKey::encrypt`] is GB/T 32918.4, in both encodings of a [`Ciphertext`]; [`exchange`] is the key
//! exchange of GB/T 32918.3. TLS uses neither: it agrees by the plain ECDH of RFC 8998 (the x-coordinate).
//!
//! Signing, key generation and ECDH run in constant time: no branch and no table index depends on a secret. Verification
//! handles public data only and takes the time it needs. The arithmetic is this crate's own and has not been audited.

mod arith;
mod batch;
mod ciphertext;
mod curve;
mod encrypt;
pub mod enveloped_data;
mod enveloped_key;
pub mod exchange;
mod kdf;
mod nonce;
mod pkcs8;
mod prepared;
mod public;
mod scalar;
mod secret;
mod signature;
mod signer;
mod user;

pub(crate) use arith::Scalar;
pub use batch::{Claim, verify_batch};
pub use ciphertext::Ciphertext;
pub use encrypt::MAX_PLAINTEXT_LEN;
pub use enveloped_key::EnvelopedKey;
pub use prepared::PreparedPublicKey;
pub use public::PublicKey;
pub(crate) use scalar::SecretScalar;
pub use secret::SecretKey;
pub use signature::Signature;

/// User id of certificates, certificate requests, CRLs and everything else that names no other
/// (GB/T 35276-2017, 10).
pub const CERT_USER_ID: &[u8] = b"1234567812345678";

/// User id of CertificateVerify in TLS 1.3 (RFC 8998, section 3.2.1).
pub const TLS_USER_ID: &[u8] = b"TLSv1.3+GM+Cipher+Suite";

#[cfg(test)]
mod negative;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
