//! ECPrivateKey (RFC 5915, section 3) of an SM2 key, alone and inside PrivateKeyInfo (RFC 5958, section 2).

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode};
use pkcs8::PrivateKeyInfoRef;
use sec1::{EcParameters, EcPrivateKey};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::CryptoError;
use crate::sm2::SecretKey;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// Curve sm2p256v1 (GM/T 0006-2012).
const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");

/// The key with its curve inside ECPrivateKey, too: releases of GmSSL insist on it, and OpenSSL does not mind.
pub(super) fn to_pkcs8(secret: &SecretKey) -> Zeroizing<Vec<u8>> {
    let (d, public) = (secret.to_bytes(), secret.public_key().to_sec1());
    let parameters = Some(EcParameters::NamedCurve(SM2));
    let key = EcPrivateKey { private_key: d.as_slice(), parameters, public_key: Some(&public) };
    let encoded = key.to_der().map(Zeroizing::new).and_then(|key| in_pkcs8(&key));
    encoded.expect("a scalar and a point of fixed length encode")
}

/// Reads an ECPrivateKey, which must name the curve itself.
pub(super) fn from_sec1(document: &[u8]) -> Result<SecretKey, CryptoError> {
    const MALFORMED: CryptoError = CryptoError::SecretKey("bad ECPrivateKey structure");
    let key = EcPrivateKey::from_der(document).map_err(|_| MALFORMED)?;
    if key.parameters.and_then(EcParameters::named_curve) != Some(SM2) {
        return Err(CryptoError::SecretKey("another curve, or none named"));
    }
    SecretKey::from_pkcs8_der(&in_pkcs8(document).map_err(|_| MALFORMED)?)
}

/// Reads what a passphrase opened. Under a wrong one the bytes are random and one time in 256 padded right.
pub(super) fn from_opened(document: &[u8]) -> Result<SecretKey, CryptoError> {
    PrivateKeyInfoRef::from_der(document).map_err(|_| CryptoError::Passphrase)?;
    SecretKey::from_pkcs8_der(document)
}

fn in_pkcs8(key: &[u8]) -> der::Result<Zeroizing<Vec<u8>>> {
    let algorithm = AlgorithmIdentifierRef { oid: EC_PUBLIC_KEY, parameters: Some((&SM2).into()) };
    PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(key)?).to_der().map(Zeroizing::new)
}
