//! Names and ids. A name is chosen by people; an id is derived from the signed bytes it stands for, so
//! the same document always has the same id and sending it twice is harmless.

use std::{fmt, str::FromStr};

use qianmo_crypto::sm3::{self, Digest};
use serde::{Deserialize, Serialize};

/// Why a name or id was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not 1 to 63 characters of `a-z`, `0-9`, `-`, `_`, starting with a letter or digit.
    #[error(
        "{0:?} is not a name: use 1 to 63 characters of a-z, 0-9, '-' and '_', starting with a letter or digit"
    )]
    Name(String),
    /// Not of the form `department/dataset`.
    #[error("{0:?} is not a dataset reference: write department/dataset, for example hospital-a/screening")]
    Dataset(String),
    /// Not of the form `qianmo://department/role/name`.
    #[error(
        "{0:?} is not an identity: write qianmo://department/role/name, with role one of node, admin, steward, consumer, auditor"
    )]
    Identity(String),
    /// Not the expected prefix followed by 20 hexadecimal digits.
    #[error("{0:?} is not an id of the form {1}-<20 hexadecimal digits>")]
    Id(String, &'static str),
}

/// Serde through `Display` and `FromStr`, so that a parsed value is always a valid one.
macro_rules! serde_as_string {
    ($name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_string;

/// A name chosen by people: a department, a person, a dataset, a field. Lower-case ASCII, so that it
/// fits certificates, DNS names, file names and SQL without escaping; titles may be Chinese.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let head = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let tail = |c: char| head(c) || c == '-' || c == '_';
        let valid = text.len() <= 63 && text.starts_with(head) && text.chars().all(tail);
        if valid { Ok(Self(text.to_owned())) } else { Err(NameError::Name(text.to_owned())) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

serde_as_string!(Name);

/// `department/dataset`: a dataset and the department that answers for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetRef {
    /// The department whose node lists the dataset.
    pub department: Name,
    /// The dataset's name, unique within the department.
    pub dataset: Name,
}

impl FromStr for DatasetRef {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (department, dataset) =
            text.split_once('/').ok_or_else(|| NameError::Dataset(text.to_owned()))?;
        Ok(Self { department: department.parse()?, dataset: dataset.parse()? })
    }
}

impl fmt::Display for DatasetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.department, self.dataset))
    }
}

serde_as_string!(DatasetRef);

/// What the three kinds of id have in common.
pub trait Id: Sized + fmt::Display + FromStr<Err = NameError> {
    /// Three letters before the dash.
    const PREFIX: &'static str;

    /// The id of the document with this digest.
    fn of(digest: &Digest) -> Self;
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Id for $name {
            const PREFIX: &'static str = $prefix;

            fn of(digest: &Digest) -> Self {
                Self(format!("{}-{:.20}", $prefix, digest.to_string()))
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
                match text.strip_prefix(concat!($prefix, "-")) {
                    Some(rest) if rest.len() == 20 && rest.chars().all(hex) => Ok(Self(text.to_owned())),
                    _ => Err(NameError::Id(text.to_owned(), $prefix)),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        serde_as_string!($name);
    };
}

id!(
    /// A request for a contract: derived from the consumer's signed terms.
    RequestId,
    "req"
);
id!(
    /// A contract: carries the digits of the request it grew from.
    ContractId,
    "ctr"
);
id!(
    /// A job: derived from the consumer's signed order.
    JobId,
    "job"
);
id!(
    /// A federated run: derived from the consumer's nonce; the same at every site.
    RunId,
    "run"
);

impl ContractId {
    /// The contract that grows out of `request`.
    pub fn from_request(request: &RequestId) -> Self {
        Self(request.as_str().replacen("req-", "ctr-", 1))
    }
}

impl RunId {
    /// A new run named by 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self::of(&sm3::digest(&bytes))
    }
}

/// Bytes as standard base64 in JSON.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Base64(pub Vec<u8>);

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        s.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use base64::Engine as _;
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        base64::engine::general_purpose::STANDARD
            .decode(text.as_bytes())
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_ascii() {
        for good in ["a", "hospital-a", "4th_district", &"x".repeat(63)] {
            assert_eq!(good.parse::<Name>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "A", "a b", "a/b", "税务局", "a.b", &"x".repeat(64)] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids_come_from_digests_and_parse_back() {
        let id = JobId::of(&sm3::digest(b"abc"));
        assert_eq!(id.to_string(), "job-66c7f0f462eeedd9d1f2");
        assert_eq!(id.to_string().parse::<JobId>().unwrap(), id);
        assert!("req-66c7f0f462eeedd9d1f2".parse::<JobId>().is_err());
        assert!("job-66C7f0f462eeedd9d1f2".parse::<JobId>().is_err());
        let request = RequestId::of(&sm3::digest(b"abc"));
        assert_eq!(ContractId::from_request(&request).to_string(), "ctr-66c7f0f462eeedd9d1f2");
    }

    #[test]
    fn json_refuses_what_from_str_refuses() {
        assert!(serde_json::from_str::<DatasetRef>("\"hospital-a/screening\"").is_ok());
        for bad in ["\"screening\"", "\"a/b/c\"", "\"/b\"", "3"] {
            assert!(serde_json::from_str::<DatasetRef>(bad).is_err(), "{bad}");
        }
    }
}
