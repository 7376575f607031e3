//! SM3, the 256-bit hash of GB/T 32905-2016: of one message, also as it arrives, and of many at a time.

#[cfg(target_arch = "x86_64")]
mod bmi2;
mod hasher;
mod many;
#[cfg(target_arch = "x86_64")]
mod rounds;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use hasher::Hasher;
pub use many::{Kernel, digest_many, digest_many_with};

/// Length of a digest in bytes.
pub const DIGEST_LEN: usize = 32;

/// A block of SM3's input (GB/T 32905-2016, 5.3.1), for the kernels.
#[cfg(target_arch = "x86_64")]
type Block = [u8; BLOCK_LEN];

#[cfg(target_arch = "x86_64")]
const BLOCK_LEN: usize = 64;

/// An SM3 digest. Written everywhere as 64 lower-case hexadecimal digits.
///
/// Comparison is not constant-time: a digest names public content. To check a secret tag use
/// [`hmac::verify`](crate::hmac::verify).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; DIGEST_LEN]);

impl Digest {
    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8; DIGEST_LEN] {
        &self.0
    }

    /// The first twelve hexadecimal digits, for people to read; never for comparison.
    pub fn short(&self) -> String {
        self.0.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; DIGEST_LEN]> for Digest {
    fn from(bytes: [u8; DIGEST_LEN]) -> Self {
        Self(bytes)
    }
}

/// Text that is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an SM3 digest: write 64 lower-case hexadecimal digits")]
pub struct ParseDigestError;

impl FromStr for Digest {
    type Err = ParseDigestError;

    /// Reads exactly what [`Display`](fmt::Display) writes; capitals are refused, so that a digest
    /// has one spelling.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.bytes().any(|c| c.is_ascii_uppercase()) {
            return Err(ParseDigestError);
        }
        let mut bytes = [0; DIGEST_LEN];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseDigestError)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The digest of one piece of bytes.
pub fn digest(data: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(data);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_and_parse_are_inverse() {
        let d = digest(b"abc");
        assert_eq!(d.to_string().parse(), Ok(d));
        assert_eq!(d.short(), "66c7f0f462ee");
        assert_eq!(format!("{d:?}"), format!("Digest({d})"));
    }

    #[test]
    fn other_spellings_are_refused() {
        let text = digest(b"abc").to_string();
        for bad in ["", "66c7", &text.to_uppercase(), &format!("{text}00"), &text.replace('6', "g")] {
            assert_eq!(bad.parse::<Digest>(), Err(ParseDigestError), "{bad}");
        }
    }

    #[test]
    fn json_is_the_hex_string() {
        let d = digest(b"");
        let json = serde_json::to_string(&d).unwrap();
        assert_eq!(json, format!("\"{d}\""));
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), d);
        assert!(serde_json::from_str::<Digest>("\"zz\"").is_err());
    }
}
