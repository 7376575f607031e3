//! Certificate profiles: what a CA puts into a certificate for which role. The files are in `profiles/`.

use const_oid::{
    ObjectIdentifier,
    db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH},
};
use qianmo_proto::Role;
use serde::Deserialize;

/// The profiles shipped with this version.
const SHIPPED: [&str; 2] = [include_str!("../profiles/node.toml"), include_str!("../profiles/person.toml")];

/// What a leaf certificate of certain roles may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Profile {
    roles: Vec<Role>,
    extended_key_usage: Vec<Purpose>,
    /// Whether host names besides the identity's own are certified.
    pub(crate) extra_hosts: bool,
    /// Longest validity in days.
    pub(crate) max_days: u32,
    /// How far notBefore lies in the past, for clocks that are behind the CA's.
    pub(crate) backdate_minutes: u16,
}

/// A TLS role (RFC 5280, 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Purpose {
    ServerAuth,
    ClientAuth,
}

impl Profile {
    /// The profile of `role`.
    ///
    /// # Errors
    /// What is wrong with the profile files of this build.
    pub(crate) fn of(role: Role) -> Result<Self, String> {
        for text in SHIPPED {
            let profile: Self = toml::from_str(text).map_err(|error| error.to_string())?;
            if profile.roles.contains(&role) {
                return Ok(profile);
            }
        }
        Err(format!("no profile is for the role {role}"))
    }

    /// Object identifiers for the extended key usage extension.
    pub(crate) fn purposes(&self) -> Vec<ObjectIdentifier> {
        let oid = |purpose: &Purpose| match purpose {
            Purpose::ServerAuth => ID_KP_SERVER_AUTH,
            Purpose::ClientAuth => ID_KP_CLIENT_AUTH,
        };
        self.extended_key_usage.iter().map(oid).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_one_profile_and_only_nodes_are_servers() {
        for role in Role::ALL {
            let profile = Profile::of(role).unwrap();
            assert_eq!(profile.purposes().contains(&ID_KP_SERVER_AUTH), role == Role::Node, "{role}");
            assert!(profile.purposes().contains(&ID_KP_CLIENT_AUTH), "{role}");
            assert_eq!(profile.extra_hosts, role == Role::Node, "{role}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        let text = format!("{}\nca = true\n", SHIPPED[0]);
        assert!(toml::from_str::<Profile>(&text).unwrap_err().to_string().contains("unknown field"));
    }
}
