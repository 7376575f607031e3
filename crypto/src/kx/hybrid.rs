//! curveSM2MLKEM768 (draft-yang-tls-hybrid-sm2-mlkem): curveSM2 and ML-KEM-768 (FIPS 203) side by side.
//!
//! The SM2 part comes first everywhere: client share 65 + 1184 bytes, server share 65 + 1088, secret 32 + 32.

use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{Decapsulate, KeyExport};
use rustls::crypto::{ActiveKeyExchange, CompletedKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup};
use zeroize::{Zeroize, Zeroizing};

use super::curve_sm2::{Ephemeral, SHARE_LEN};
use super::to_tls;
use crate::tls::Group;
use crate::{CryptoError, random};

/// The group.
#[derive(Debug)]
pub(crate) struct CurveSm2MlKem768;

impl SupportedKxGroup for CurveSm2MlKem768 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Client::generate().map_err(to_tls)?))
    }

    fn start_and_complete(&self, peer: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let (pub_key, secret) = answer(peer).map_err(to_tls)?;
        Ok(CompletedKeyExchange { group: self.name(), pub_key, secret })
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        Group::CurveSm2MlKem768.named()
    }
}

/// The server's whole part: encapsulates to the client's share.
fn answer(peer: &[u8]) -> Result<(Vec<u8>, SharedSecret), CryptoError> {
    let (sm2_share, kem_share) = split(peer)?;
    let bytes = kem_share.try_into().map_err(|_| CryptoError::KeyShare("ML-KEM key length"))?;
    // FIPS 203, 7.2: the key must be reduced modulo q.
    let kem_key = EncapsulationKey::new(bytes).map_err(|_| CryptoError::KeyShare("ML-KEM key"))?;
    let ephemeral = Ephemeral::generate()?;
    let sm2_secret = ephemeral.agree(sm2_share)?;
    let mut coins = Zeroizing::new(ml_kem::B32::default());
    random::fill(coins.as_mut_slice())?;
    let (ciphertext, mut kem_secret) = kem_key.encapsulate_deterministic(&coins);
    let secret = join(&sm2_secret, &kem_secret);
    kem_secret.zeroize();
    Ok(([ephemeral.share().as_slice(), &ciphertext].concat(), secret))
}

/// The client's state between ClientHello and ServerHello.
struct Client {
    sm2: Ephemeral,
    kem: DecapsulationKey,
    share: Vec<u8>,
}

impl Client {
    fn generate() -> Result<Self, CryptoError> {
        let sm2 = Ephemeral::generate()?;
        let mut seed = Zeroizing::new(ml_kem::Seed::default());
        random::fill(seed.as_mut_slice())?;
        let kem = DecapsulationKey::from_seed(*seed);
        let share = [sm2.share().as_slice(), &kem.encapsulation_key().to_bytes()].concat();
        Ok(Self { sm2, kem, share })
    }

    fn agree(&self, peer: &[u8]) -> Result<SharedSecret, CryptoError> {
        let (sm2_share, ciphertext) = split(peer)?;
        let ciphertext: &Ciphertext =
            ciphertext.try_into().map_err(|_| CryptoError::KeyShare("ML-KEM ciphertext length"))?;
        let sm2_secret = self.sm2.agree(sm2_share)?;
        let mut kem_secret = self.kem.decapsulate(ciphertext);
        let secret = join(&sm2_secret, &kem_secret);
        kem_secret.zeroize();
        Ok(secret)
    }
}

impl ActiveKeyExchange for Client {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        self.agree(peer).map_err(to_tls)
    }

    /// Lets rustls offer plain curveSM2 with the same point, where that group is allowed too.
    fn hybrid_component(&self) -> Option<(NamedGroup, &[u8])> {
        Some((Group::CurveSm2.named(), self.sm2.share()))
    }

    fn complete_hybrid_component(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        Ok(self.sm2.agree(peer).map_err(to_tls)?.as_slice().into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        Group::CurveSm2MlKem768.named()
    }
}

fn split(share: &[u8]) -> Result<(&[u8], &[u8]), CryptoError> {
    share.split_at_checked(SHARE_LEN).ok_or(CryptoError::KeyShare("cut short"))
}

fn join(sm2: &[u8; 32], kem: &[u8]) -> SharedSecret {
    // SharedSecret takes the vector over and wipes it.
    [sm2.as_slice(), kem].concat().into()
}
