//! Ciphertexts and their two encodings.

use std::fmt;

use der::asn1::{OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence};

use super::PublicKey;
use super::encrypt::MAX_PLAINTEXT_LEN;
use crate::{CryptoError, sm3};

/// A message encrypted under an SM2 key (GB/T 32918.4-2016).
///
/// C1 was checked to be a point on the curve when this was read; nothing else about it is known before
/// [`SecretKey::decrypt`](super::SecretKey::decrypt).
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext {
    /// The sender's ephemeral public key.
    pub(super) c1: PublicKey,
    /// The message, masked; 1 to [`MAX_PLAINTEXT_LEN`] bytes.
    pub(super) c2: Vec<u8>,
    /// The hash that ties the message to the shared point.
    pub(super) c3: [u8; sm3::DIGEST_LEN],
}

/// SM2Cipher of GM/T 0009-2012, 7.2 (GB/T 35276-2017, 7.2).
#[derive(Sequence)]
pub(super) struct Sm2Cipher<'a> {
    x: UintRef<'a>,
    y: UintRef<'a>,
    hash: &'a OctetStringRef,
    ciphertext: &'a OctetStringRef,
}

impl Ciphertext {
    /// Bytes that [`to_bytes`](Self::to_bytes) adds to the message.
    pub const OVERHEAD: usize = PublicKey::SEC1_LEN + sm3::DIGEST_LEN;

    /// Reads C1 || C3 || C2, with C1 as 0x04, x, y: the order of GB/T 32918.4-2016, 6.1, A8. The order C1 ||
    /// C2 || C3 of the drafts before it looks the same and fails to decrypt.
    ///
    /// # Errors
    /// [`CryptoError::Ciphertext`] if C1 is in another form or not on the curve, or C2 is empty or too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        let (c1, rest) =
            bytes.split_at_checked(PublicKey::SEC1_LEN).ok_or(CryptoError::Ciphertext("cut short"))?;
        let (c3, c2) = rest.split_first_chunk().ok_or(CryptoError::Ciphertext("cut short"))?;
        Self::from_parts(PublicKey::from_sec1(c1), c3, c2)
    }

    /// This ciphertext as C1 || C3 || C2: [`OVERHEAD`](Self::OVERHEAD) bytes more than the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.c1.to_sec1().as_slice(), &self.c3, &self.c2].concat()
    }

    /// Reads strict DER: SEQUENCE { INTEGER x, INTEGER y, OCTET STRING C3, OCTET STRING C2 } (GM/T 0009-2012,
    /// 7.2).
    ///
    /// # Errors
    /// [`CryptoError::Ciphertext`] if it is anything else, followed by more bytes, or holds no point on the
    /// curve.
    pub fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let cipher = Sm2Cipher::from_der(der).map_err(|_| CryptoError::Ciphertext("bad DER"))?;
        Self::try_from(cipher)
    }

    /// This ciphertext in DER.
    pub fn to_der(&self) -> Vec<u8> {
        let c1 = self.c1.coordinates();
        self.to_sequence(&c1).and_then(|cipher| cipher.to_der()).expect("four short fields encode")
    }

    /// The fields of the DER form; `c1` holds the point's coordinates.
    pub(super) fn to_sequence<'a>(&'a self, c1: &'a [u8; 64]) -> der::Result<Sm2Cipher<'a>> {
        let (x, y) = c1.split_at(32);
        Ok(Sm2Cipher {
            x: UintRef::new(x)?,
            y: UintRef::new(y)?,
            hash: OctetStringRef::new(&self.c3)?,
            ciphertext: OctetStringRef::new(&self.c2)?,
        })
    }

    fn from_parts(
        c1: Result<PublicKey, CryptoError>,
        c3: &[u8; sm3::DIGEST_LEN],
        c2: &[u8],
    ) -> Result<Self, CryptoError> {
        if c2.is_empty() || c2.len() > MAX_PLAINTEXT_LEN {
            return Err(CryptoError::Ciphertext("C2 is empty or too long"));
        }
        let c1 = c1.map_err(|_| CryptoError::Ciphertext("C1 is no uncompressed point on the curve"))?;
        Ok(Self { c1, c2: c2.to_vec(), c3: *c3 })
    }
}

impl TryFrom<Sm2Cipher<'_>> for Ciphertext {
    type Error = CryptoError;

    fn try_from(cipher: Sm2Cipher<'_>) -> Result<Self, CryptoError> {
        let mut c1 = [0; 64];
        let (x, y) = c1.split_at_mut(32);
        fill_from_right(x, cipher.x)?;
        fill_from_right(y, cipher.y)?;
        let c3 = cipher.hash.as_bytes().try_into();
        let c3 = c3.map_err(|_| CryptoError::Ciphertext("C3 is not 32 bytes"))?;
        Self::from_parts(PublicKey::from_coordinates(&c1), c3, cipher.ciphertext.as_bytes())
    }
}

/// Writes a number that DER has stripped of its leading zeros.
fn fill_from_right(out: &mut [u8], number: UintRef<'_>) -> Result<(), CryptoError> {
    let digits = number.as_bytes();
    let zeros =
        out.len().checked_sub(digits.len()).ok_or(CryptoError::Ciphertext("a coordinate is too long"))?;
    let (head, tail) = out.split_at_mut(zeros);
    head.fill(0);
    tail.copy_from_slice(digits);
    Ok(())
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ciphertext({})", hex::encode(self.to_bytes()))
    }
}

#[cfg(test)]
mod tests;
