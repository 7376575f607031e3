//! PrivateKeyInfo (RFC 5958, section 2) and ECPrivateKey (RFC 5915, section 3) of an SM2 key.

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode};
use pkcs8::PrivateKeyInfoRef;
use sec1::{EcParameters, EcPrivateKey};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::CryptoError;
use crate::sm2::{PublicKey, SecretKey};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// Curve sm2p256v1 (GM/T 0006-2012).
const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");

/// What is said of DER that does not parse.
pub(super) const MALFORMED: &str = "its DER is malformed";
const OTHER_CURVE: CryptoError = CryptoError::SecretKey("it is of another algorithm or curve");

/// The key with curve and public key inside ECPrivateKey: GmSSL up to 3.1 insists on them, OpenSSL does not mind.
pub(super) fn to_pkcs8(secret: &SecretKey) -> Zeroizing<Vec<u8>> {
    let (d, public) = (secret.to_bytes(), secret.public_key().to_sec1());
    let inner = EcPrivateKey {
        private_key: d.as_ref(),
        parameters: Some(EcParameters::NamedCurve(SM2)),
        public_key: Some(&public),
    };
    let encode = || -> der::Result<Zeroizing<Vec<u8>>> {
        let inner = Zeroizing::new(inner.to_der()?);
        let algorithm = AlgorithmIdentifierRef { oid: EC_PUBLIC_KEY, parameters: Some((&SM2).into()) };
        Ok(Zeroizing::new(PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&inner)?).to_der()?))
    };
    encode().expect("a key of 32 bytes is encodable")
}

pub(super) fn from_pkcs8(der: &[u8]) -> Result<SecretKey, CryptoError> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(malformed)?;
    let curve = info.algorithm.parameters_oid().map_err(|_| OTHER_CURVE)?;
    if info.algorithm.oid != EC_PUBLIC_KEY || curve != SM2 {
        return Err(OTHER_CURVE);
    }
    let inner = EcPrivateKey::from_der(info.private_key.as_bytes()).map_err(malformed)?;
    read(&inner, Some(SM2))
}

/// SEC1's form, which must name the curve itself.
pub(super) fn from_sec1(der: &[u8]) -> Result<SecretKey, CryptoError> {
    read(&EcPrivateKey::from_der(der).map_err(malformed)?, None)
}

fn read(key: &EcPrivateKey<'_>, curve: Option<ObjectIdentifier>) -> Result<SecretKey, CryptoError> {
    let named = key.parameters.and_then(EcParameters::named_curve);
    if named.or(curve) != Some(SM2) {
        return Err(OTHER_CURVE);
    }
    let d = key.private_key.try_into().map_err(|_| CryptoError::SecretKey("d must have 32 bytes"))?;
    let secret = SecretKey::from_bytes(d)?;
    let matches = |public| Ok::<_, CryptoError>(PublicKey::from_sec1(public)? == secret.public_key());
    if !key.public_key.map_or(Ok(true), matches)? {
        return Err(CryptoError::SecretKey("the public key beside it is not its own"));
    }
    Ok(secret)
}

fn malformed(_: impl Into<der::Error>) -> CryptoError {
    CryptoError::SecretKey(MALFORMED)
}
