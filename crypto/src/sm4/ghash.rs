//! GHASH, the authenticator of GCM (NIST SP 800-38D, section 6.4).

pub(super) mod portable;
