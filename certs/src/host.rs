//! Host names that a node's certificate carries besides its identity.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::CertError;

/// The suffix of the names derived from identities; nobody else may ask for one.
const RESERVED: &str = ".qianmo.internal";

/// A DNS name or IP address under which a node is reached, for TLS clients that match host names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A DNS name, lower case, no wildcard.
    Dns(String),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
}

impl Host {
    /// A DNS name that a request may ask for.
    fn dns(name: &str) -> Option<Self> {
        let label = |text: &str| {
            let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
            (1..=63).contains(&text.len())
                && !text.starts_with('-')
                && !text.ends_with('-')
                && text.bytes().all(inner)
        };
        let valid = name.len() <= 253 && name.split('.').all(label) && !name.ends_with(RESERVED);
        valid.then(|| Self::Dns(name.to_owned()))
    }
}

impl FromStr for Host {
    type Err = CertError;

    fn from_str(text: &str) -> Result<Self, CertError> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let wrong = || {
            let reason = format!(
                "{text:?} is neither an IP address nor a plain lower-case DNS name outside {RESERVED}"
            );
            CertError::malformed("host name", reason)
        };
        Self::dns(text).ok_or_else(wrong)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.pad(name),
            Self::Ip(address) => f.pad(&address.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_parse_back() {
        for text in ["10.0.0.1", "::1", "node-1.hospital.gov.cn", "localhost"] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn wildcards_and_reserved_names_are_refused() {
        let long = "a.".repeat(127);
        for bad in
            ["", "*", "*.gov.cn", "A.gov.cn", "a..b", "-a", "a-", "a b", "x.node.tax.qianmo.internal", &long]
        {
            assert!(bad.parse::<Host>().is_err(), "{bad:?}");
        }
    }
}
