//! Signatures.

use std::fmt;

use der::asn1::UintRef;
use der::{Decode, Encode, Reader, SliceReader};

use super::arith::Scalar;
use crate::CryptoError;

/// An SM2 signature (r, s) with both numbers in [1, n-1].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    r: Scalar,
    s: Scalar,
}

/// DER of the largest signature: two integers of 33 bytes.
const MAX_DER_LEN: usize = 72;

impl Signature {
    /// Length of [`to_bytes`](Self::to_bytes) in bytes.
    pub const LEN: usize = 64;

    /// r and s, each as 32 big-endian bytes.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        join(self.r.to_bytes(), self.s.to_bytes())
    }

    /// Reads r and s, each as 32 big-endian bytes.
    ///
    /// # Errors
    /// [`CryptoError::SignatureEncoding`] if either is zero or at least n.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, CryptoError> {
        let [r, s] = bytes.as_chunks().0 else { return Err(CryptoError::SignatureEncoding) };
        Self::from_be_bytes(r, s).ok_or(CryptoError::SignatureEncoding)
    }

    /// DER: SEQUENCE { INTEGER r, INTEGER s } (GB/T 35276-2017, 7.3), 8 to 72 bytes.
    pub fn to_der(&self) -> Vec<u8> {
        self.encode().expect("two integers of at most 33 bytes encode")
    }

    /// Reads strict DER; what other encoders of the same numbers write is refused.
    ///
    /// # Errors
    /// [`CryptoError::SignatureEncoding`] if it is not DER or r or s is out of range.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let (r, s) = decode(der).map_err(|_| CryptoError::SignatureEncoding)?;
        padded(r)
            .zip(padded(s))
            .and_then(|(r, s)| Self::from_be_bytes(&r, &s))
            .ok_or(CryptoError::SignatureEncoding)
    }

    /// The signature of two numbers, unless one is zero.
    pub(super) fn from_scalars(r: Scalar, s: Scalar) -> Option<Self> {
        (!r.is_zero() && !s.is_zero()).then_some(Self { r, s })
    }

    pub(super) fn scalars(&self) -> (Scalar, Scalar) {
        (self.r, self.s)
    }

    fn from_be_bytes(r: &[u8; 32], s: &[u8; 32]) -> Option<Self> {
        Self::from_scalars(Scalar::from_bytes(r)?, Scalar::from_bytes(s)?)
    }

    fn encode(&self) -> der::Result<Vec<u8>> {
        let (r, s) = (self.r.to_bytes(), self.s.to_bytes());
        let (r, s) = (UintRef::new(&r)?, UintRef::new(&s)?);
        let mut buffer = [0; MAX_DER_LEN];
        let mut writer = der::SliceWriter::new(&mut buffer);
        writer.sequence((r.encoded_len()? + s.encoded_len()?)?, |writer| {
            r.encode(writer)?;
            s.encode(writer)
        })?;
        Ok(writer.finish()?.to_vec())
    }
}

fn decode(der: &[u8]) -> der::Result<(UintRef<'_>, UintRef<'_>)> {
    let mut reader = SliceReader::new(der)?;
    let numbers =
        reader.sequence(|body| Ok::<_, der::Error>((UintRef::decode(body)?, UintRef::decode(body)?)))?;
    reader.finish()?;
    Ok(numbers)
}

/// `number` in 32 big-endian bytes, if it fits.
fn padded(number: UintRef<'_>) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    let at = out.len().checked_sub(number.as_bytes().len())?;
    out.get_mut(at..)?.copy_from_slice(number.as_bytes());
    Some(out)
}

/// Two numbers of 32 bytes, one after the other.
fn join(first: [u8; 32], second: [u8; 32]) -> [u8; 64] {
    let mut out = [0; 64];
    out.iter_mut().zip(first.into_iter().chain(second)).for_each(|(to, from)| *to = from);
    out
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", hex::encode(self.to_bytes()))
    }
}
