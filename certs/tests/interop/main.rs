//! Ours and OpenSSL 4 side by side: certificates, revocation lists, keys, signatures, hashes and whole TLS
//! connections, each made by one and taken by the other.
//!
//! OpenSSL 4 is the first with RFC 8998 and curveSM2MLKEM768. `tests/openssl` builds it into the user's cache, where it
//! is looked for; `QIANMO_OPENSSL4` names another program. Without one each test prints that it was skipped; with
//! `QIANMO_REQUIRE_OPENSSL4` set, as in continuous integration, that is a failure.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod certificates;
mod encryption;
mod ends;
mod federation;
mod hashes;
mod keys;
mod openssl;
mod process;
mod signatures;
mod tls;
