//! What a token answers, in words that say what to do.

use cryptoki::error::{Error, RvError};

use crate::CryptoError;

/// Why the keys of a token could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The library is missing, of another machine type, or no PKCS#11 library.
    #[error(
        "the PKCS#11 library {path} cannot be loaded ({reason}); install the vendor's package or correct the path"
    )]
    Library {
        /// The path that was given.
        path: String,
        /// The loader's word.
        reason: String,
    },
    /// No token of this label.
    #[error("there is no token labelled {label:?} (found: {found}); plug it in or correct the label")]
    Token {
        /// The label that was given.
        label: String,
        /// The labels there are.
        found: String,
    },
    /// The log-in failed.
    #[error("the token refuses the log-in ({0}); check the PIN before the token locks itself")]
    LogIn(String),
    /// Not exactly one key of this label.
    #[error(
        "the token has {found} keys of class {class} labelled {label:?}, and one is needed; check the label"
    )]
    Key {
        /// The label that was given.
        label: String,
        /// The PKCS#11 class.
        class: String,
        /// How many there are.
        found: usize,
    },
    /// The public key is none of curve sm2p256v1.
    #[error(
        "the public key labelled {0:?} is no point of curve sm2p256v1; generate an SM2 key pair on the token"
    )]
    NotSm2(String),
    /// The token does not know a mechanism.
    #[error(
        "the token has no mechanism {0:#010x}; take the numbers of its SM2 and SM4 mechanisms from the vendor's header"
    )]
    Mechanism(u64),
    /// A number that cannot be a mechanism's.
    #[error(
        "{0:#010x} is no mechanism of PKCS#11 and below those of vendors, which begin at 0x80000000; correct it"
    )]
    Number(u64),
    /// Anything else that the library reports.
    #[error("the PKCS#11 library failed ({0}); see the vendor's log")]
    Failed(String),
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Whether the session, the log-in or the handles are gone, as after a reset of the token.
pub(super) fn is_gone(error: &Error) -> bool {
    use RvError::{
        CryptokiNotInitialized, DeviceRemoved, KeyHandleInvalid, ObjectHandleInvalid, SessionClosed,
        SessionHandleInvalid, TokenNotPresent, UserNotLoggedIn,
    };
    let Error::Pkcs11(code, _) = error else { return false };
    matches!(
        code,
        CryptokiNotInitialized
            | DeviceRemoved
            | KeyHandleInvalid
            | ObjectHandleInvalid
            | SessionClosed
            | SessionHandleInvalid
            | TokenNotPresent
            | UserNotLoggedIn
    )
}

pub(super) fn to_crypto(error: &Error) -> CryptoError {
    let Error::Pkcs11(code, _) = error else {
        return CryptoError::Provider("its PKCS#11 library answered what PKCS#11 does not allow");
    };
    CryptoError::Provider(match code {
        RvError::MechanismInvalid | RvError::MechanismParamInvalid => {
            "the token does not do this with the mechanism that is set; check its number"
        }
        RvError::KeyTypeInconsistent | RvError::KeyFunctionNotPermitted => {
            "the token's key is not allowed to do this; check its type and usage"
        }
        RvError::DeviceRemoved | RvError::TokenNotPresent => "the token is gone; plug it in",
        RvError::PinIncorrect | RvError::PinLocked | RvError::UserNotLoggedIn => {
            "the token refuses the log-in; check the PIN"
        }
        RvError::SessionCount => "the token has no session left; raise its limit",
        RvError::RandomNoRng => "the token has no random number generator",
        _ => "the token refused",
    })
}
