//! Sessions of a token, one a call, so that calls of several threads do not wait for one another.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

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
    /// `None` once the token has refused to log in again: a second try could lock it.
    login: Mutex<Option<Arc<Login>>>,
}

impl Pool {
    pub(super) fn open(library: &Path, token: &str, pin: &str, labels: Labels) -> Result<Self, OpenError> {
        let library = load(library)?;
        let pin = AuthPin::from(pin);
        let login = Login::new(&library, token, &pin, &labels)?;
        let login = Mutex::new(Some(Arc::new(login)));
        Ok(Self { library, token: token.to_owned(), pin, labels, login })
    }

    /// What `ask` learns on the session that stays open.
    pub(super) fn look<T>(&self, ask: impl FnOnce(&Session) -> Result<T, OpenError>) -> Result<T, OpenError> {
        let login = lock(&self.login).clone().ok_or_else(|| OpenError::LogIn("logged out".to_owned()))?;
        ask(&lock(&login.kept))
    }

    pub(super) fn check_mechanism(&self, mechanism: MechanismType, number: u64) -> Result<(), OpenError> {
        let slot = lock(&self.login).as_ref().map(|login| login.slot);
        let slot = slot.ok_or_else(|| OpenError::LogIn("logged out".to_owned()))?;
        match self.library.get_mechanism_info(slot, mechanism) {
            Err(Error::Pkcs11(RvError::MechanismInvalid, _)) => Err(OpenError::Mechanism(number)),
            info => Ok(info.map(drop)?),
        }
    }

    /// Makes a call in a session of its own. Where the token was reset, it logs in again and tries once more.
    pub(super) fn run<T>(
        &self,
        mut call: impl FnMut(&Session, Handles) -> Result<T, Error>,
    ) -> Result<T, CryptoError> {
        let login = lock(&self.login).clone().ok_or(REFUSED)?;
        match login.run(&self.library, &mut call) {
            Err(error) if is_gone(&error) => self.log_in_again(&login)?.run(&self.library, &mut call),
            result => result,
        }
        .map_err(|error| to_crypto(&error))
    }

    fn log_in_again(&self, gone: &Arc<Login>) -> Result<Arc<Login>, CryptoError> {
        let mut current = lock(&self.login);
        match &*current {
            None => return Err(REFUSED),
            // Another thread was first.
            Some(login) if !Arc::ptr_eq(login, gone) => return Ok(Arc::clone(login)),
            Some(_) => {}
        }
        match Login::new(&self.library, &self.token, &self.pin, &self.labels) {
            Ok(login) => Ok(Arc::clone(current.insert(Arc::new(login)))),
            Err(OpenError::LogIn(_)) => {
                *current = None;
                Err(REFUSED)
            }
            Err(_) => Err(CryptoError::Provider("the token is gone or lacks its keys; plug it in")),
        }
    }
}

const REFUSED: CryptoError =
    CryptoError::Provider("the token refused the PIN and was not asked again; check the PIN and restart");

/// One log-in. It lasts as long as a session of it is open.
struct Login {
    slot: Slot,
    keys: Handles,
    kept: Mutex<Session>,
    idle: Mutex<Vec<Session>>,
}

impl Login {
    fn new(library: &Pkcs11, token: &str, pin: &AuthPin, labels: &Labels) -> Result<Self, OpenError> {
        let slot = find_slot(library, token)?;
        let session = library.open_ro_session(slot)?;
        match session.login(UserType::User, Some(pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(OpenError::LogIn(error.to_string())),
        }
        let keys = labels.find(&session)?;
        Ok(Self { slot, keys, kept: Mutex::new(session), idle: Mutex::default() })
    }

    fn run<T>(
        &self,
        library: &Pkcs11,
        call: &mut impl FnMut(&Session, Handles) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let idle = lock(&self.idle).pop();
        let session = idle.map_or_else(|| library.open_ro_session(self.slot), Ok)?;
        let result = call(&session, self.keys)?;
        // After an error the session may be in the middle of an operation: only a good one is used again.
        let mut idle = lock(&self.idle);
        if idle.len() < MAX_IDLE {
            idle.push(session);
        }
        Ok(result)
    }
}

/// Loads and initialises the library. It is never unloaded: some have threads that would not survive it.
fn load(path: &Path) -> Result<Pkcs11, OpenError> {
    let library = Pkcs11::new(path).map_err(|error| OpenError::Library {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    std::mem::forget(library.clone());
    match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(library),
        Err(error) => Err(error.into()),
    }
}

fn find_slot(library: &Pkcs11, label: &str) -> Result<Slot, OpenError> {
    let mut found = Vec::new();
    for slot in library.get_slots_with_initialized_token()? {
        let token = library.get_token_info(slot)?;
        if token.label() == label {
            return Ok(slot);
        }
        found.push(format!("{:?}", token.label()));
    }
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    Err(OpenError::Token { label: label.to_owned(), found })
}

/// What is guarded here is whole after any panic: a session that was taken out is simply gone.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
