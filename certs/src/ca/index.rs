//! What the CA has issued and revoked: `index.toml`.

use std::{fmt, str::FromStr};

use qianmo_crypto::sm3::Digest;
use qianmo_proto::Identity;
use serde::{Deserialize, Serialize};
use x509_cert::{
    crl::RevokedCert,
    ext::{ToExtension, pkix::CrlReason},
    name::Name,
    serial_number::SerialNumber,
};

use crate::moment;

/// The version of the file written here.
const VERSION: u32 = 1;

/// Everything a CA must remember.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    version: u32,
    /// Number of the last CRL.
    pub(super) crl_number: u64,
    #[serde(default)]
    pub(super) issued: Vec<Issued>,
}

/// One certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// Serial number, lower-case hexadecimal.
    pub serial_hex: String,
    /// Whose it is.
    pub identity: Identity,
    /// Start of validity, UNIX milliseconds.
    pub not_before_ms: i64,
    /// End of validity, UNIX milliseconds.
    pub not_after_ms: i64,
    /// SM3 of the DER certificate.
    pub fingerprint: Digest,
    /// SM3 of the holder's SubjectPublicKeyInfo.
    pub key: Digest,
    /// Set once it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
}

/// When and why a certificate was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// When, UNIX milliseconds.
    pub at_ms: i64,
    /// Why.
    pub reason: RevocationReason,
}

/// Why a certificate is revoked (RFC 5280, 5.3.1; those that make sense for a leaf and are final).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationReason {
    /// Not said.
    #[default]
    Unspecified,
    /// The key was lost or may have been copied.
    KeyCompromise,
    /// The holder moved to another department or role.
    AffiliationChanged,
    /// Replaced by another certificate.
    Superseded,
    /// The node or person is no longer active.
    CessationOfOperation,
    /// The holder may no longer do this.
    PrivilegeWithdrawn,
}

impl Default for Index {
    fn default() -> Self {
        Self { version: VERSION, crl_number: 0, issued: Vec::new() }
    }
}

impl Index {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let index: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if index.version == VERSION { Ok(index) } else { Err(format!("its version is {}", index.version)) }
    }

    /// The certificate of `identity` that is neither expired nor revoked.
    pub(super) fn in_force(&self, identity: &Identity, now_ms: i64) -> Option<&Issued> {
        self.issued.iter().find(|entry| entry.identity == *identity && entry.in_force(now_ms))
    }

    /// Somebody else than `identity` who has ever been certified with this key.
    pub(super) fn other_holder(&self, key: &Digest, identity: &Identity) -> Option<&Identity> {
        let other = |entry: &&Issued| entry.key == *key && entry.identity != *identity;
        self.issued.iter().find(other).map(|entry| &entry.identity)
    }
}

impl Issued {
    /// Whether the certificate is neither expired nor revoked.
    pub fn in_force(&self, now_ms: i64) -> bool {
        self.revoked.is_none() && now_ms <= self.not_after_ms
    }

    /// Its line in the CRL, if it is revoked.
    pub(super) fn crl_entry(&self) -> Option<der::Result<RevokedCert>> {
        self.revoked.as_ref().map(|revocation| {
            Ok(RevokedCert {
                serial_number: SerialNumber::new(&serial_bytes(&self.serial_hex)?)?,
                revocation_date: moment::x509(revocation.at_ms)?,
                crl_entry_extensions: revocation.reason.extension()?,
            })
        })
    }
}

impl RevocationReason {
    /// All reasons, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// The word used in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
            Self::PrivilegeWithdrawn => "privilege-withdrawn",
        }
    }

    /// The CRL entry extension; "unspecified" is said by leaving it out (RFC 5280, 5.3.1).
    fn extension(self) -> der::Result<Option<Vec<x509_cert::ext::Extension>>> {
        let code = match self {
            Self::Unspecified => return Ok(None),
            Self::KeyCompromise => CrlReason::KeyCompromise,
            Self::AffiliationChanged => CrlReason::AffiliationChanged,
            Self::Superseded => CrlReason::Superseded,
            Self::CessationOfOperation => CrlReason::CessationOfOperation,
            Self::PrivilegeWithdrawn => CrlReason::PrivilegeWithdrawn,
        };
        Ok(Some(vec![(&code).to_extension(&Name::default(), &[])?]))
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no reason for a revocation; use one of unspecified, key-compromise, affiliation-changed, superseded, \
     cessation-of-operation, privilege-withdrawn"
)]
pub struct UnknownReason(String);

impl FromStr for RevocationReason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        found.ok_or_else(|| UnknownReason(text.to_owned()))
    }
}

/// Bytes of a serial number in hexadecimal.
fn serial_bytes(text: &str) -> der::Result<Vec<u8>> {
    let wrong = || der::Error::from(der::ErrorKind::Failed);
    let digit =
        |c: &u8| char::from(*c).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(wrong);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(wrong()) };
    pairs.iter().map(|[high, low]| Ok(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_parse_back_and_are_spelt_alike_in_files() {
        for reason in RevocationReason::ALL {
            assert_eq!(reason.to_string().parse(), Ok(reason));
            let line = toml::to_string(&Revocation { at_ms: 1, reason }).unwrap();
            assert!(line.contains(&format!("reason = \"{reason}\"")), "{line}");
        }
        assert!("stolen".parse::<RevocationReason>().is_err());
    }

    #[test]
    fn other_versions_and_unknown_fields_are_refused() {
        let text = toml::to_string(&Index::default()).unwrap();
        assert!(Index::parse(&text).is_ok());
        assert!(Index::parse(&text.replace("version = 1", "version = 2")).is_err());
        assert!(Index::parse(&format!("{text}\nmore = 1")).is_err());
    }

    #[test]
    fn serial_numbers_that_are_not_hexadecimal_are_refused() {
        for bad in ["zz", "é", "+1", "4", "40f"] {
            assert!(serial_bytes(bad).is_err(), "{bad}");
        }
        assert_eq!(serial_bytes("40ff").unwrap(), [0x40, 0xff]);
    }
}
