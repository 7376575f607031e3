//! Certificate requests (PKCS#10, RFC 2986): made where the key is, so that the key never travels.

use std::net::IpAddr;

use der::{EncodePem, pem::LineEnding};
use qianmo_crypto::{
    keys::KeyProvider,
    sm2::{CERT_USER_ID, PublicKey, SecretKey},
};
use qianmo_proto::Identity;
use rustls_pki_types::CertificateSigningRequestDer;
use x509_cert::{builder::Builder, request::RequestBuilder};
use x509_parser::{
    certification_request::X509CertificationRequest,
    extensions::{GeneralName, ParsedExtension},
};

use crate::{
    CertError, Host,
    build::{self, CertSigner, DerSignature},
    read,
};

const WHAT: &str = "certificate request";

/// A request that its own key has signed. Whether the asker may have that identity is for the CA's operator
/// to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr {
    /// The identity asked for.
    pub identity: Identity,
    /// Host names asked for besides the identity's own.
    pub hosts: Vec<Host>,
    /// The key to certify.
    pub public_key: PublicKey,
}

impl Csr {
    /// Makes a request for `identity`, PEM. `hosts` are further names of a node; people have none.
    ///
    /// # Errors
    /// [`CertError::Crypto`] if signing fails.
    pub fn create(key: &SecretKey, identity: &Identity, hosts: &[Host]) -> Result<String, CertError> {
        Self::sign(&CertSigner::new(key), identity, hosts)
    }

    /// [`Self::create`] with a key that stays in its provider, for renewal.
    ///
    /// # Errors
    /// [`CertError::Crypto`] if signing fails.
    pub fn create_with(
        keys: &dyn KeyProvider,
        identity: &Identity,
        hosts: &[Host],
    ) -> Result<String, CertError> {
        let signer = CertSigner::with(keys.public_key(), |message| keys.sign(CERT_USER_ID, message));
        Self::sign(&signer, identity, hosts)
    }

    fn sign(signer: &CertSigner<'_>, identity: &Identity, hosts: &[Host]) -> Result<String, CertError> {
        let bad = |error: x509_cert::builder::Error| {
            build::key_failure(&error).map_or_else(|| CertError::malformed(WHAT, &error), CertError::Crypto)
        };
        let bad_der = |error: der::Error| CertError::malformed(WHAT, error);
        let subject = build::subject(identity).map_err(bad_der)?;
        let names = build::alternative_names(identity, hosts).map_err(bad_der)?;
        let mut builder = RequestBuilder::new(subject).map_err(bad)?;
        builder.add_extension(&names).map_err(bad_der)?;
        let request = builder.build::<_, DerSignature>(signer).map_err(bad)?;
        request.to_pem(LineEnding::LF).map_err(bad_der)
    }

    /// Reads a PEM request and checks its signature.
    ///
    /// # Errors
    /// [`CertError::Malformed`], [`CertError::Algorithm`], [`CertError::BadSignature`], or
    /// [`CertError::NoIdentity`].
    pub fn from_pem(pem: &str) -> Result<Self, CertError> {
        let sections: Vec<CertificateSigningRequestDer<'_>> = read::sections(WHAT, pem)?;
        match sections.as_slice() {
            [request] => Self::from_der(request),
            _ => Err(CertError::malformed(WHAT, "more than one in one file")),
        }
    }

    fn from_der(der: &[u8]) -> Result<Self, CertError> {
        let parsed: X509CertificationRequest<'_> = read::whole(WHAT, der)?;
        let info = &parsed.certification_request_info;
        let public_key = read::public_key(WHAT, &info.subject_pki)?;
        let signature = &parsed.signature_value;
        if !read::signed_by(WHAT, &public_key, &parsed.signature_algorithm, info.raw, signature)? {
            return Err(CertError::BadSignature { what: WHAT, issuer: "its own key".into() });
        }
        let names = alternative_names(&parsed);
        let identity = read::identity(names)?;
        Ok(Self { hosts: hosts(&identity, names)?, identity, public_key })
    }
}

/// The subject alternative names asked for. Other extensions asked for are the CA's profile to decide.
fn alternative_names<'a>(request: &'a X509CertificationRequest<'_>) -> &'a [GeneralName<'a>] {
    let names = request.requested_extensions().into_iter().flatten().find_map(|extension| match extension {
        ParsedExtension::SubjectAlternativeName(names) => Some(names.general_names.as_slice()),
        _ => None,
    });
    names.unwrap_or_default()
}

/// Host names besides the identity's own. A name of any other kind is refused, not dropped: the asker would
/// believe that it was certified.
fn hosts(identity: &Identity, names: &[GeneralName<'_>]) -> Result<Vec<Host>, CertError> {
    let own_name = identity.dns_name();
    let mut hosts = Vec::new();
    for name in names {
        match name {
            GeneralName::URI(uri) if *uri == identity.to_string() => {}
            GeneralName::DNSName(dns) if *dns == own_name => {}
            GeneralName::DNSName(dns) => hosts.push(dns.parse()?),
            GeneralName::IPAddress(bytes) => hosts.push(Host::Ip(address(bytes)?)),
            other => return Err(CertError::malformed(WHAT, format!("it asks for the name {other}"))),
        }
    }
    Ok(hosts)
}

fn address(bytes: &[u8]) -> Result<IpAddr, CertError> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4.or(v6).map_err(|_| CertError::malformed(WHAT, "an IP address of neither 4 nor 16 bytes"))
}

#[cfg(test)]
mod tests {
    use qianmo_crypto::keys::SoftKeys;

    use super::*;

    fn node() -> Identity {
        "qianmo://hospital-a/node/main".parse().unwrap()
    }

    #[test]
    fn a_request_reads_back() {
        let key = SecretKey::generate().unwrap();
        let hosts =
            ["node.hospital-a.gov.cn".parse().unwrap(), "10.1.2.3".parse().unwrap(), "::1".parse().unwrap()];
        let pem = Csr::create(&key, &node(), &hosts).unwrap();
        let read = Csr::from_pem(&pem).unwrap();
        assert_eq!(read, Csr { identity: node(), hosts: hosts.to_vec(), public_key: key.public_key() });
    }

    #[test]
    fn a_provider_makes_the_same_request() {
        let keys = SoftKeys::new(SecretKey::generate().unwrap(), [1; 16].into());
        let read = Csr::from_pem(&Csr::create_with(&keys, &node(), &[]).unwrap()).unwrap();
        assert_eq!((read.identity, read.public_key), (node(), keys.public_key()));
    }

    #[test]
    fn a_request_signed_by_another_key_is_refused() {
        let (mine, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let signer = CertSigner::with(mine.public_key(), |message| other.sign(CERT_USER_ID, message));
        let pem = Csr::sign(&signer, &node(), &[]).unwrap();
        assert!(matches!(Csr::from_pem(&pem), Err(CertError::BadSignature { .. })));
    }

    #[test]
    fn names_of_others_are_refused() {
        let key = SecretKey::generate().unwrap();
        let foreign = Host::Dns("main.node.tax-bureau.qianmo.internal".into());
        let pem = Csr::create(&key, &node(), &[foreign]).unwrap();
        assert!(matches!(Csr::from_pem(&pem), Err(CertError::Malformed { .. })));
    }

    #[test]
    fn two_requests_in_one_file_are_refused() {
        let pem = Csr::create(&SecretKey::generate().unwrap(), &node(), &[]).unwrap();
        let both = format!("{pem}{pem}");
        assert!(Csr::from_pem(&both).unwrap_err().to_string().contains("more than one"));
    }
}
