//! TLS 1.3 and QUIC with ShangMi algorithms (RFC 8998), as a provider for rustls 0.23.
//!
//! [`provider`] offers exactly one cipher suite, TLS_SM4_GCM_SM3, one signature scheme, sm2sig_sm3, and the groups
//! asked for; [`provider_with`] can offer TLS_SM4_CCM_SM3 too. Nothing else can be negotiated. rustls has no names for
//! these; they go in as code points.
//!
//! Certificates are signed under [`CERT_USER_ID`](crate::sm2::CERT_USER_ID), handshakes under
//! [`TLS_USER_ID`](crate::sm2::TLS_USER_ID); [`SIGNATURE_ALGORITHMS`] keeps the two apart.

mod initial;
mod quic;
mod record;
mod retry;
mod sign;
mod suite;
mod verify;

pub use initial::initial_suite;
pub use retry::retry_tag;
pub use sign::signing_key;
pub use verify::{SIGNATURE_ALGORITHMS, certs_algorithms};

use std::fmt;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, SupportedKxGroup};
use rustls::pki_types::PrivateKeyDer;
use rustls::{CipherSuite, NamedGroup, SignatureScheme, SupportedCipherSuite};

use crate::{kx, random};

/// TLS_SM4_GCM_SM3 (RFC 8998, section 2).
pub const TLS_SM4_GCM_SM3: CipherSuite = CipherSuite::Unknown(0x00C6);

/// TLS_SM4_CCM_SM3 (RFC 8998, section 2).
pub const TLS_SM4_CCM_SM3: CipherSuite = CipherSuite::Unknown(0x00C7);

/// sm2sig_sm3 (RFC 8998, section 3.2.1).
pub const SM2SIG_SM3: SignatureScheme = SignatureScheme::Unknown(0x0708);

/// A cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// [`TLS_SM4_GCM_SM3`], for TCP and QUIC.
    Sm4GcmSm3,
    /// [`TLS_SM4_CCM_SM3`], for TCP only, and many times slower: for peers that know no other.
    Sm4CcmSm3,
}

impl Suite {
    fn implementation(self) -> SupportedCipherSuite {
        SupportedCipherSuite::Tls13(match self {
            Self::Sm4GcmSm3 => &suite::SM4_GCM_SM3,
            Self::Sm4CcmSm3 => &suite::SM4_CCM_SM3,
        })
    }
}

/// A key-exchange group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// curveSM2: ECDH alone. Breaks if a quantum computer comes.
    CurveSm2,
    /// curveSM2MLKEM768: ECDH and ML-KEM-768; holds while either does.
    CurveSm2MlKem768,
}

impl Group {
    /// The IANA code point.
    pub fn code_point(self) -> u16 {
        match self {
            Self::CurveSm2 => 41,
            Self::CurveSm2MlKem768 => 0x11EE,
        }
    }

    /// The group as rustls names it.
    pub fn named(self) -> NamedGroup {
        NamedGroup::Unknown(self.code_point())
    }

    /// The group rustls negotiated, if it is one of these.
    pub fn from_named(group: NamedGroup) -> Option<Self> {
        [Self::CurveSm2, Self::CurveSm2MlKem768].into_iter().find(|known| known.named() == group)
    }

    fn implementation(self) -> &'static dyn SupportedKxGroup {
        match self {
            Self::CurveSm2 => &kx::CurveSm2,
            Self::CurveSm2MlKem768 => &kx::CurveSm2MlKem768,
        }
    }
}

impl fmt::Display for Group {
    /// The IANA name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CurveSm2 => "curveSM2",
            Self::CurveSm2MlKem768 => "curveSM2MLKEM768",
        })
    }
}

/// A rustls provider with TLS_SM4_GCM_SM3 and `groups`, the preferred one first.
///
/// A rustls server follows the *client's* order: to demand a group, give it only that one.
pub fn provider(groups: &[Group]) -> CryptoProvider {
    provider_with(&[Suite::Sm4GcmSm3], groups)
}

/// A rustls provider with `suites` and `groups`, the preferred ones first. A rustls server follows the client's order
/// of both. For TLS over TCP: links between nodes use [`provider`], and QUIC has no CCM.
pub fn provider_with(suites: &[Suite], groups: &[Group]) -> CryptoProvider {
    CryptoProvider {
        cipher_suites: suites.iter().map(|suite| suite.implementation()).collect(),
        kx_groups: groups.iter().map(|group| group.implementation()).collect(),
        signature_verification_algorithms: SIGNATURE_ALGORITHMS,
        secure_random: &SystemRandom,
        key_provider: &NoKeyFiles,
    }
}

#[derive(Debug)]
struct SystemRandom;

impl SecureRandom for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), GetRandomFailed> {
        random::fill(out).map_err(|_| GetRandomFailed)
    }
}

/// rustls would load private keys from DER; here they come from a [`KeyProvider`](crate::keys::KeyProvider) only.
#[derive(Debug)]
struct NoKeyFiles;

impl KeyProvider for NoKeyFiles {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn rustls::sign::SigningKey>, rustls::Error> {
        Err(rustls::Error::General(
            "this provider loads no private keys; use qianmo_crypto::tls::signing_key".into(),
        ))
    }
}
