//! SM2: signatures, encryption and key agreement on curve sm2p256v1 (GB/T 32918-2016).
//!
//! Signing hashes a *user id* along with the message (GB/T 32918.2, 5.5): a signature made under one user id
//! verifies under no other. Two are in use here, [`CERT_USER_ID`] and [`TLS_USER_ID`].
//!
//! [`PublicKey::encrypt`] is GB/T 32918.4, in both encodings of a [`Ciphertext`]; [`exchange`] is the key
//! exchange of GB/T 32918.3. TLS uses neither: it agrees by the plain ECDH of RFC 8998 (the x-coordinate).
//!
//! Curve and field arithmetic are RustCrypto's `sm2`; what touches a private key runs in constant time.

mod ciphertext;
mod encrypt;
pub mod enveloped_data;
mod enveloped_key;
pub mod exchange;
mod kdf;
mod order;
mod public;
mod scalar;
mod secret;
mod signature;

pub use ciphertext::Ciphertext;
pub use encrypt::MAX_PLAINTEXT_LEN;
pub use enveloped_key::EnvelopedKey;
pub(crate) use order::Scalar;
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
