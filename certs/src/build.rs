//! Parts that requests, certificates and CRLs are built from.

use const_oid::{
    ObjectIdentifier,
    db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME},
};
use der::{
    Decode, Encode, Tag,
    asn1::{Any, BitString, Ia5String, OctetString},
};
use qianmo_crypto::{
    CryptoError,
    sm2::{CERT_USER_ID, PublicKey, SecretKey, Signature},
    sm3,
};
use qianmo_proto::Identity;
use signature::{Keypair, Signer};
use spki::{
    AlgorithmIdentifierOwned, Document, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SignatureBitStringEncoding, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::{
    attr::AttributeTypeAndValue,
    builder::profile::BuilderProfile,
    certificate::TbsCertificate,
    ext::{
        Extension, ToExtension,
        pkix::{AuthorityKeyIdentifier, SubjectAltName, SubjectKeyIdentifier, name::GeneralName},
    },
    name::{Name, RdnSequence, RelativeDistinguishedName},
};

use crate::{Host, read::SM2_WITH_SM3};

/// A function that signs a message as certificates are signed.
type Sign<'a> = dyn Fn(&[u8]) -> Result<Signature, CryptoError> + 'a;

/// An SM2 key as x509-cert wants a signer: DER signatures under the user id of certificates.
pub(crate) struct CertSigner<'a> {
    key: PublicKey,
    sign: Box<Sign<'a>>,
}

impl<'a> CertSigner<'a> {
    /// Signs with a key at hand.
    pub(crate) fn new(secret: &'a SecretKey) -> Self {
        Self::with(secret.public_key(), |message| secret.sign(CERT_USER_ID, message))
    }

    /// Signs with whatever `sign` does.
    pub(crate) fn with(key: PublicKey, sign: impl Fn(&[u8]) -> Result<Signature, CryptoError> + 'a) -> Self {
        Self { key, sign: Box::new(sign) }
    }
}

impl Signer<DerSignature> for CertSigner<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<DerSignature, signature::Error> {
        let signed = (self.sign)(message).map_err(signature::Error::from_source)?;
        Ok(DerSignature(signed.to_der()))
    }
}

impl Keypair for CertSigner<'_> {
    type VerifyingKey = Spki;

    fn verifying_key(&self) -> Spki {
        Spki(self.key.clone())
    }
}

impl DynSignatureAlgorithmIdentifier for CertSigner<'_> {
    /// Parameters absent: what GB/T 33560 and OpenSSL write; readers here also take NULL.
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        Ok(AlgorithmIdentifierOwned { oid: SM2_WITH_SM3, parameters: None })
    }
}

/// A signature as certificates carry it.
pub(crate) struct DerSignature(Vec<u8>);

impl SignatureBitStringEncoding for DerSignature {
    fn to_bitstring(&self) -> der::Result<BitString> {
        BitString::from_bytes(&self.0)
    }
}

/// The key's own error, if that is why building failed.
pub(crate) fn key_failure(error: &x509_cert::builder::Error) -> Option<CryptoError> {
    let x509_cert::builder::Error::Signature(error) = error else { return None };
    std::error::Error::source(error)?.downcast_ref().copied()
}

/// A public key as SubjectPublicKeyInfo.
#[derive(Clone)]
pub(crate) struct Spki(PublicKey);

impl EncodePublicKey for Spki {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        Ok(Document::try_from(self.0.to_spki_der())?)
    }
}

/// `key` as the builder wants it.
pub(crate) fn spki(key: &PublicKey) -> der::Result<SubjectPublicKeyInfoOwned> {
    SubjectPublicKeyInfoOwned::from_der(&key.to_spki_der())
}

/// Names and extensions settled beforehand: the builder adds nothing of its own.
pub(crate) struct Shape {
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
    pub(crate) extensions: Vec<Extension>,
}

impl BuilderProfile for Shape {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _subject_key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

/// Collects extensions; what is critical, x509-cert knows (RFC 5280, 4.2).
pub(crate) struct Extensions<'a> {
    subject: &'a Name,
    list: Vec<Extension>,
}

impl<'a> Extensions<'a> {
    pub(crate) const fn of(subject: &'a Name) -> Self {
        Self { subject, list: Vec::new() }
    }

    /// Adds one.
    pub(crate) fn with<E: ToExtension<Error = der::Error>>(mut self, extension: E) -> der::Result<Self> {
        let made = extension.to_extension(self.subject, &self.list)?;
        self.list.push(made);
        Ok(self)
    }

    pub(crate) fn done(self) -> Vec<Extension> {
        self.list
    }
}

/// Key identifier: the first 160 bits of SM3 over the public point. RFC 5280, 4.2.1.2 leaves the method open;
/// its SHA-1 would bring in a hash that nothing else here needs.
pub(crate) fn key_id(key: &PublicKey) -> der::Result<SubjectKeyIdentifier> {
    let digest = sm3::digest(&key.to_sec1());
    let first: Vec<u8> = digest.as_bytes().iter().copied().take(20).collect();
    Ok(SubjectKeyIdentifier(OctetString::new(first)?))
}

/// The issuer's key identifier.
pub(crate) fn authority_key_id(issuer: &PublicKey) -> der::Result<AuthorityKeyIdentifier> {
    Ok(AuthorityKeyIdentifier { key_identifier: Some(key_id(issuer)?.0), ..Default::default() })
}

/// Subject alternative names: the identity's URI, its DNS name, then `hosts`.
pub(crate) fn alternative_names(identity: &Identity, hosts: &[Host]) -> der::Result<SubjectAltName> {
    let mut names = vec![
        GeneralName::UniformResourceIdentifier(Ia5String::new(&identity.to_string())?),
        GeneralName::DnsName(Ia5String::new(&identity.dns_name())?),
    ];
    for host in hosts {
        names.push(match host {
            Host::Dns(name) => GeneralName::DnsName(Ia5String::new(name)?),
            Host::Ip(address) => GeneralName::from(*address),
        });
    }
    Ok(SubjectAltName(names))
}

/// Subject of a leaf: O = department, OU = role, CN = name. For people; programs read the SAN.
pub(crate) fn subject(identity: &Identity) -> der::Result<Name> {
    name(&[
        (ORGANIZATION_NAME, identity.department().as_str()),
        (ORGANIZATIONAL_UNIT_NAME, identity.role().as_str()),
        (COMMON_NAME, identity.name().as_str()),
    ])
}

/// Subject of a CA: CN = title.
pub(crate) fn ca_subject(title: &str) -> der::Result<Name> {
    name(&[(COMMON_NAME, title)])
}

/// A distinguished name of UTF-8 strings, one attribute each. Not by way of text, so nothing needs escaping.
fn name(parts: &[(ObjectIdentifier, &str)]) -> der::Result<Name> {
    let mut sequence = RdnSequence::default();
    for (oid, text) in parts {
        let value = Any::new(Tag::Utf8String, text.as_bytes())?;
        sequence.push(RelativeDistinguishedName::try_from(vec![AttributeTypeAndValue { oid: *oid, value }])?);
    }
    Name::from_der(&sequence.to_der()?)
}
