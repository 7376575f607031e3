//! Who somebody is: the SAN URI `qianmo://<department>/<role>/<name>` of a certificate.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ids::{Name, NameError, serde_as_string};

/// What a certificate's holder may be. The role is read from the certificate, never from a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A department's daemon.
    Node,
    /// Department IT: runs the node, adds peers.
    Admin,
    /// Data owner: lists datasets, answers requests, releases held results.
    Steward,
    /// Model author or analyst: asks for contracts, runs jobs.
    Consumer,
    /// Reads and verifies trails; changes nothing.
    Auditor,
}

impl Role {
    /// All roles, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Node, Self::Admin, Self::Steward, Self::Consumer, Self::Auditor];

    /// The word used in certificates, policies and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Admin => "admin",
            Self::Steward => "steward",
            Self::Consumer => "consumer",
            Self::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| NameError::Identity(text.to_owned()))
    }
}

/// Department, role and name of a certificate's holder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    department: Name,
    role: Role,
    name: Name,
}

impl Identity {
    /// The identity `qianmo://<department>/<role>/<name>`.
    pub const fn new(department: Name, role: Role, name: Name) -> Self {
        Self { department, role, name }
    }

    /// The department the holder belongs to.
    pub const fn department(&self) -> &Name {
        &self.department
    }

    /// What the holder may be.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The holder's own name within department and role.
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// The DNS SAN that goes with the URI: GmSSL and webpki match host names only.
    /// Underscores, legal in our names and not in host names, become dashes.
    pub fn dns_name(&self) -> String {
        format!("{}.{}.{}.qianmo.internal", self.name, self.role, self.department).replace('_', "-")
    }
}

impl FromStr for Identity {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = || NameError::Identity(text.to_owned());
        let mut parts = text.strip_prefix("qianmo://").ok_or_else(wrong)?.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(department), Some(role), Some(name), None) => Ok(Self {
                department: department.parse().map_err(|_| wrong())?,
                role: role.parse().map_err(|_| wrong())?,
                name: name.parse().map_err(|_| wrong())?,
            }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("qianmo://{}/{}/{}", self.department, self.role, self.name))
    }
}

serde_as_string!(Identity);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uri_round_trips() {
        for role in Role::ALL {
            let uri = format!("qianmo://tax-bureau/{role}/x1");
            assert_eq!(uri.parse::<Identity>().unwrap().to_string(), uri);
        }
    }

    #[test]
    fn other_uris_are_refused() {
        for bad in [
            "",
            "qianmo://",
            "qianmo://a/steward",
            "qianmo://a/steward/b/c",
            "qianmo://a/root/b",
            "http://a/steward/b",
            "qianmo://a/steward/b?x",
            "qianmo://a//b",
        ] {
            assert!(bad.parse::<Identity>().is_err(), "{bad:?}");
        }
    }
}
