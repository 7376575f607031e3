//! Sessions of a token, one a call, so that calls of several threads do not wait for one another.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use super::error::{OpenError, is_gone, to_crypto};
use super::{Handles, Labels};
use crate::CryptoError;

/// Idle sessions that are kept. Tokens allow few, and one call needs one.
const MAX_IDLE: usize = 8;

pub(super) struct Pool {
    library: Pkcs11,
    token: String,
    pin: AuthPin,
    labels: Labels,
    state: Mutex<Arc<Login>>,
}

/// One log-in. It lasts as long as a session of it is open.
struct Login {
    slot: Slot,
    keys: Handles,
    idle: Mutex<Vec<Session>>,
}
