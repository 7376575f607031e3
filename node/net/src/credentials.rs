//! Who dials and who listens.

use std::sync::Arc;

use qianmo_certs::Trust;
use qianmo_crypto::keys::KeyProvider;

use crate::clock::Clock;

/// Who dials: key, certificate and whom to trust.
#[derive(Clone)]
pub struct Credentials {
    /// The private key's keeper.
    pub keys: Arc<dyn KeyProvider>,
    /// The certificate that goes with it, PEM.
    pub certificate_pem: String,
    /// Roots and CRL.
    pub trust: Arc<Trust>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}
