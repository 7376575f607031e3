//! curveSM2 (RFC 8998, section 3.4): ECDH on sm2p256v1, uncompressed points, x-coordinate as the secret.

use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup};
use zeroize::Zeroizing;

use super::to_tls;
use crate::CryptoError;
use crate::sm2::{PublicKey, SecretScalar};
use crate::tls::Group;

/// Length of a key share in bytes.
pub(super) const SHARE_LEN: usize = PublicKey::SEC1_LEN;

/// The group.
#[derive(Debug)]
pub(crate) struct CurveSm2;

impl SupportedKxGroup for CurveSm2 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Ephemeral::generate().map_err(to_tls)?))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        Group::CurveSm2.named()
    }
}

/// One side's ephemeral key and its share.
pub(super) struct Ephemeral {
    secret: SecretScalar,
    share: [u8; SHARE_LEN],
}

impl Ephemeral {
    pub(super) fn generate() -> Result<Self, CryptoError> {
        let secret = SecretScalar::random()?;
        let share = secret.public_key().to_sec1();
        Ok(Self { secret, share })
    }

    pub(super) fn share(&self) -> &[u8; SHARE_LEN] {
        &self.share
    }

    pub(super) fn agree(&self, peer: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        Ok(self.secret.ecdh(&PublicKey::from_sec1(peer)?))
    }
}

impl ActiveKeyExchange for Ephemeral {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        Ok(self.agree(peer).map_err(to_tls)?.as_slice().into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        Group::CurveSm2.named()
    }
}
