//! Why a certificate, request or CRL was refused.

use qianmo_crypto::CryptoError;
use qianmo_proto::{Identity, Role};

use crate::moment::text;

/// Every reason not to believe a certificate. Each message says what happened and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertError {
    /// Bytes or text that are not what they should be.
    #[error(
        "the {what} cannot be read ({reason}); check that the whole file was copied and that it is the right one"
    )]
    Malformed {
        /// What was being read: `certificate`, `CRL`, …
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The trust file holds no root certificate.
    #[error("the trust file holds no root CA certificate; put the federation's root.crt into it")]
    NoRoot,
    /// A certificate in the trust file that is no CA's.
    #[error("{name} in the trust file is not a CA certificate (it lacks CA:TRUE or keyCertSign); remove it")]
    NotACa {
        /// Its subject.
        name: String,
    },
    /// Nobody trusted here issued it.
    #[error(
        "the certificate was issued by {issuer}, which is no CA of this federation; get one from this \
         federation's CA, or add that CA's root to the trust file"
    )]
    UnknownCa {
        /// The issuer that the certificate names.
        issuer: String,
    },
    /// The named issuer did not sign it.
    #[error(
        "the {what} is not signed by {issuer}, whom it names as issuer; it was altered or forged: do not use it"
    )]
    BadSignature {
        /// What was being checked.
        what: &'static str,
        /// The issuer it names.
        issuer: String,
    },
    /// Signed or keyed with something else than SM2 with SM3.
    #[error("the {what} does not use SM2 with SM3; make a new key with `qianmo id new` or `qianmo init`")]
    Algorithm {
        /// What was being checked.
        what: &'static str,
    },
    /// Past the end of its validity.
    #[error(
        "the certificate expired at {}; have a new one issued (`qianmo ca issue --renew`), and check this \
         machine's clock if that seems wrong", text(*.not_after_ms)
    )]
    Expired {
        /// End of validity, UNIX milliseconds.
        not_after_ms: i64,
    },
    /// Before the start of its validity.
    #[error(
        "the certificate is not valid before {}; check the clocks of this machine and of the CA",
        text(*.not_before_ms)
    )]
    NotYetValid {
        /// Start of validity, UNIX milliseconds.
        not_before_ms: i64,
    },
    /// The CA's own certificate is outside its validity.
    #[error("the CA certificate of {issuer} is valid only from {} to {}; install its successor",
        text(*.not_before_ms), text(*.not_after_ms))]
    CaExpired {
        /// The CA.
        issuer: String,
        /// Start of its validity, UNIX milliseconds.
        not_before_ms: i64,
        /// End of its validity, UNIX milliseconds.
        not_after_ms: i64,
    },
    /// The CA took it back.
    #[error("certificate {serial} was revoked by {issuer} at {}; its holder needs a new key and certificate",
        text(*.revoked_ms))]
    Revoked {
        /// Serial number, lower-case hexadecimal.
        serial: String,
        /// The CA that revoked it.
        issuer: String,
        /// When, UNIX milliseconds.
        revoked_ms: i64,
    },
    /// No CRL of the issuer is loaded.
    #[error(
        "no certificate revocation list of {issuer} is loaded, so nothing it issued is accepted; fetch its \
         current CRL (its operator makes one with `qianmo ca crl`) and put it in place as crl.pem"
    )]
    MissingCrl {
        /// The CA whose list is missing.
        issuer: String,
    },
    /// The issuer's CRL should have been replaced by now.
    #[error(
        "the certificate revocation list of {issuer} is stale since {}, so nothing it issued is accepted; \
         fetch its current CRL and put it in place as crl.pem", text(*.since_ms)
    )]
    StaleCrl {
        /// The CA whose list is stale.
        issuer: String,
        /// Its nextUpdate, UNIX milliseconds.
        since_ms: i64,
    },
    /// The issuer's CRL is dated in the future.
    #[error("the certificate revocation list of {issuer} is dated {}, in the future; check this machine's clock",
        text(*.this_update_ms))]
    FutureCrl {
        /// The CA whose list it is.
        issuer: String,
        /// Its thisUpdate, UNIX milliseconds.
        this_update_ms: i64,
    },
    /// A CRL that may not be used.
    #[error(
        "the certificate revocation list of {issuer} cannot be used ({reason}); fetch a complete, current one"
    )]
    BadCrl {
        /// The CA that it names.
        issuer: String,
        /// Why not.
        reason: String,
    },
    /// A CRL older than the one in use, which would bring revoked certificates back.
    #[error(
        "the offered certificate revocation list of {issuer} has number {offered}, older than number {held} in \
         use; fetch the current one"
    )]
    OlderCrl {
        /// The CA whose list it is.
        issuer: String,
        /// Number of the list in use.
        held: String,
        /// Number of the list offered.
        offered: String,
    },
    /// The certificate names no identity of this system, or several.
    #[error(
        "the certificate names no Qianmo identity ({reason}); have one issued from a CSR made by `qianmo`"
    )]
    NoIdentity {
        /// What was found instead.
        reason: String,
    },
    /// The certificate may not be used for this.
    #[error("the certificate of {holder} may not be used {purpose}; have one issued with the right profile")]
    WrongUsage {
        /// Whose certificate it is.
        holder: String,
        /// What it was used for: `as a TLS server`, …
        purpose: &'static str,
    },
    /// Only another role may do this.
    #[error("{found} has the role {}, but only a {needed} may be a TLS server; connect to a node", .found.role())]
    WrongRole {
        /// Whose certificate it is.
        found: Identity,
        /// The role needed.
        needed: Role,
    },
    /// Somebody else answered.
    #[error("expected {expected}, but {found} answered; check the peer's address and identity")]
    WrongPeer {
        /// Whom we dialled.
        expected: Identity,
        /// Who is there.
        found: Identity,
    },
    /// Certificate and private key do not belong together.
    #[error(
        "the certificate of {holder} is for another private key; install the certificate issued for this key's CSR"
    )]
    KeyMismatch {
        /// Whose certificate it is.
        holder: String,
    },
    /// The peer showed no certificate.
    #[error("the peer showed no certificate; connect with a certificate of this federation")]
    NoCertificate,
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(String),
    /// A key or signature failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl CertError {
    /// What `what` is not, in the parser's words.
    pub(crate) fn malformed(what: &'static str, reason: impl ToString) -> Self {
        Self::Malformed { what, reason: reason.to_string() }
    }
}
