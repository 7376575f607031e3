//! What certificates, requests and CRLs have in common when read: PEM, whole DER, an SM2 signature.

use const_oid::ObjectIdentifier;
use qianmo_crypto::sm2::{CERT_USER_ID, PublicKey, Signature};
use qianmo_proto::Identity;
use rustls_pki_types::pem::{self, PemObject};
use x509_parser::{
    asn1_rs::BitString,
    extensions::GeneralName,
    nom,
    prelude::FromDer,
    x509::{AlgorithmIdentifier, SubjectPublicKeyInfo},
};

use crate::CertError;

/// sm2sign-with-sm3 (GM/T 0006).
pub(crate) const SM2_WITH_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");

/// Longest PEM text taken: a CRL of about 200,000 entries.
const PEM_BYTES: usize = 16 << 20;

/// All PEM sections of one kind, in order.
pub(crate) fn sections<T: PemObject>(what: &'static str, text: &str) -> Result<Vec<T>, CertError> {
    if text.len() > PEM_BYTES {
        return Err(CertError::malformed(what, format!("longer than {PEM_BYTES} bytes")));
    }
    let read: Result<Vec<T>, pem::Error> = T::pem_slice_iter(text.as_bytes()).collect();
    let found = read.map_err(|error| CertError::malformed(what, error))?;
    if found.is_empty() { Err(CertError::malformed(what, "no such PEM section")) } else { Ok(found) }
}

/// Parses all of `der`; bytes left over are an error.
pub(crate) fn whole<'a, T>(what: &'static str, der: &'a [u8]) -> Result<T, CertError>
where
    T: FromDer<'a, x509_parser::error::X509Error>,
{
    match T::from_der(der) {
        Ok(([], value)) => Ok(value),
        Ok(_) => Err(CertError::malformed(what, "bytes after its end")),
        Err(nom::Err::Incomplete(_)) => Err(CertError::malformed(what, "it ends too early")),
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(CertError::malformed(what, error)),
    }
}

/// The SM2 key of a certificate or request.
pub(crate) fn public_key(
    what: &'static str,
    spki: &SubjectPublicKeyInfo<'_>,
) -> Result<PublicKey, CertError> {
    PublicKey::from_spki_der(spki.raw).map_err(|_| CertError::Algorithm { what })
}

/// Checks an SM2 signature over `signed` with the user id of certificates.
///
/// # Errors
/// [`CertError::Algorithm`] if the algorithm is another one, `Ok(false)` if the signature does not fit.
pub(crate) fn signed_by(
    what: &'static str,
    key: &PublicKey,
    algorithm: &AlgorithmIdentifier<'_>,
    signed: &[u8],
    signature: &BitString<'_>,
) -> Result<bool, CertError> {
    if algorithm.algorithm.as_bytes() != SM2_WITH_SM3.as_bytes() {
        return Err(CertError::Algorithm { what });
    }
    let verified = Signature::from_der(&signature.data).and_then(|s| key.verify(CERT_USER_ID, signed, &s));
    Ok(signature.unused_bits == 0 && verified.is_ok())
}

/// The one Qianmo identity among subject alternative names. URIs of other schemes are somebody else's business.
pub(crate) fn identity(names: &[GeneralName<'_>]) -> Result<Identity, CertError> {
    let no_identity = |reason: String| CertError::NoIdentity { reason };
    let mut found = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) if uri.starts_with("qianmo:") => Some(*uri),
        _ => None,
    });
    match (found.next(), found.next()) {
        (None, _) => Err(no_identity("it has no subject alternative name qianmo://…".into())),
        (Some(uri), None) => uri.parse().map_err(|_| no_identity(format!("{uri:?} is malformed"))),
        (Some(_), Some(_)) => Err(no_identity("it names more than one".into())),
    }
}
