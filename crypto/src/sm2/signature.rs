//! Signatures.

use std::fmt;

use ::sm2::{NonZeroScalar, dsa};

use super::Scalar;
use crate::CryptoError;

/// An SM2 signature (r, s) with both numbers in [1, n-1].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(dsa::Signature);

impl Signature {
    /// Length of [`to_bytes`](Self::to_bytes) in bytes.
    pub const LEN: usize = 64;

    /// r and s, each as 32 big-endian bytes.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        self.0.to_bytes().into()
    }

    /// Reads r and s, each as 32 big-endian bytes.
    ///
    /// # Errors
    /// [`CryptoError::SignatureEncoding`] if either is zero or at least n.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, CryptoError> {
        dsa::Signature::from_slice(bytes).map(Self).map_err(|_| CryptoError::SignatureEncoding)
    }

    /// DER: SEQUENCE { INTEGER r, INTEGER s } (GB/T 35276-2017, 7.3), 8 to 72 bytes.
    pub fn to_der(&self) -> Vec<u8> {
        self.0.to_der().as_bytes().to_vec()
    }

    /// Reads strict DER; what other encoders of the same numbers write is refused.
    ///
    /// # Errors
    /// [`CryptoError::SignatureEncoding`] if it is not DER or r or s is out of range.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        dsa::Signature::from_der(der).map(Self).map_err(|_| CryptoError::SignatureEncoding)
    }

    pub(super) fn from_scalars(r: &Scalar, s: &Scalar) -> Option<Self> {
        let nonzero = |scalar: &Scalar| Option::<NonZeroScalar>::from(NonZeroScalar::new(*scalar.inner()));
        dsa::Signature::from_scalars(nonzero(r)?, nonzero(s)?).ok().map(Self)
    }

    pub(super) fn scalars(&self) -> (Scalar, Scalar) {
        (Scalar::from(*self.0.r()), Scalar::from(*self.0.s()))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::encode(self.to_bytes()))
    }
}
