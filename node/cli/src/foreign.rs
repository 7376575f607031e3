//! Errors of the crates below, for people. Their English is written at the errors themselves; their Chinese is in the
//! catalogue `errors`.

use std::{fmt::Display, io};

use qianmo_certs::{CaError, CertError};
use qianmo_crypto::CryptoError;
use qianmo_proto::NameError;
use qianmo_sandbox::{PackError, VetError};

use super::words::{Message, Text, chinese};
use crate::{clock::rfc3339, keys::KeyFileError};

/// `error` in its own English words, or as this message of the Chinese catalogue.
fn told(error: &dyn Display, chinese: Message) -> Text {
    Text::Foreign { english: error.to_string(), chinese: Box::new(chinese) }
}

/// An error that has words in English only: they follow what it is about.
pub(crate) fn other(error: &dyn Display) -> Text {
    told(error, chinese("error-other").with("error", error))
}

/// What the operating system says.
pub(crate) fn io_error(e: &io::Error) -> Text {
    use io::ErrorKind::*;
    let message = match e.kind() {
        NotFound => chinese("io-not-found"),
        PermissionDenied => chinese("io-permission"),
        AlreadyExists => chinese("io-exists"),
        IsADirectory => chinese("io-is-folder"),
        NotADirectory => chinese("io-no-folder"),
        StorageFull => chinese("io-full"),
        InvalidData => chinese("io-not-utf8"),
        _ => chinese("error-other").with("error", e),
    };
    told(e, message)
}

/// Of a name, an identity or an id.
pub(crate) fn name(e: &NameError) -> Text {
    let message = match e {
        NameError::Name(text) => chinese("name").with("text", text),
        NameError::Dataset(text) => chinese("name-dataset").with("text", text),
        NameError::Identity(text) => chinese("name-identity").with("text", text),
        NameError::Id(text, prefix) => chinese("name-id").with("text", text).with("prefix", prefix),
    };
    told(e, message)
}

/// Of keys and signatures.
pub(crate) fn crypto(e: &CryptoError) -> Text {
    let message = match e {
        CryptoError::Random => chinese("crypto-random"),
        CryptoError::SecretKey(_) => chinese("crypto-secret-key"),
        CryptoError::KeyFile(why) => chinese("crypto-key-file").with("why", why),
        CryptoError::Passphrase => chinese("crypto-passphrase"),
        CryptoError::Signature => chinese("crypto-signature"),
        other => chinese("error-other").with("error", other),
    };
    told(e, message)
}

/// Of a key's file.
pub(crate) fn key_file(e: &KeyFileError) -> Text {
    let message = match e {
        KeyFileError::Read { path, source } => {
            chinese("key-unreadable").with("path", path.display()).saying("error", io_error(source))
        }
        KeyFileError::Mode { path, mode } => {
            chinese("key-open-to-others").with("path", path.display()).with("mode", format!("{mode:o}"))
        }
        KeyFileError::Key { path, source } => {
            chinese("file-error").with("path", path.display()).saying("error", crypto(source))
        }
        KeyFileError::Locked { path } => chinese("key-locked").with("path", path.display()),
        KeyFileError::Kek { path } => chinese("key-kek").with("path", path.display()),
    };
    told(e, message)
}

/// Of certificates, requests and lists.
pub(crate) fn certificate(e: &CertError) -> Text {
    let message = match e {
        CertError::Malformed { what, reason } => {
            chinese("cert-malformed").saying("what", part(what)).with("reason", reason)
        }
        CertError::NoRoot => chinese("cert-no-root"),
        CertError::NotACa { name } => chinese("cert-not-a-ca").with("name", name),
        CertError::UnknownCa { issuer } => chinese("cert-unknown-ca").with("issuer", issuer),
        CertError::BadSignature { what, .. } => chinese("cert-bad-signature").saying("what", part(what)),
        CertError::Algorithm { what } => chinese("cert-algorithm").saying("what", part(what)),
        CertError::Expired { not_after_ms } => chinese("cert-expired").with("at", rfc3339(*not_after_ms)),
        CertError::NotYetValid { not_before_ms } => {
            chinese("cert-not-yet").with("at", rfc3339(*not_before_ms))
        }
        CertError::CaExpired { issuer, .. } => chinese("cert-ca-expired").with("issuer", issuer),
        CertError::Revoked { serial, revoked_ms, .. } => {
            chinese("cert-revoked").with("serial", serial).with("at", rfc3339(*revoked_ms))
        }
        CertError::MissingCrl { issuer } => chinese("cert-no-list").with("issuer", issuer),
        CertError::StaleCrl { issuer, since_ms } => {
            chinese("cert-stale-list").with("issuer", issuer).with("at", rfc3339(*since_ms))
        }
        CertError::FutureCrl { this_update_ms, .. } => {
            chinese("cert-future-list").with("at", rfc3339(*this_update_ms))
        }
        CertError::BadCrl { issuer, reason } => {
            chinese("cert-bad-list").with("issuer", issuer).with("reason", reason)
        }
        CertError::OlderCrl { held, offered, .. } => {
            chinese("cert-older-list").with("held", held).with("offered", offered)
        }
        CertError::NoIdentity { reason } => chinese("cert-no-identity").with("reason", reason),
        CertError::WrongUsage { holder, .. } => chinese("cert-wrong-usage").with("holder", holder),
        CertError::WrongRole { found, .. } => chinese("cert-wrong-role").with("found", found),
        CertError::WrongPeer { expected, found } => {
            chinese("cert-wrong-peer").with("expected", expected).with("found", found)
        }
        CertError::KeyMismatch { holder } => chinese("cert-key-mismatch").with("holder", holder),
        CertError::NoCertificate => chinese("cert-none"),
        CertError::Crypto(source) => return crypto(source),
        other => chinese("error-other").with("error", other),
    };
    told(e, message)
}

/// What was being read.
fn part(what: &str) -> Text {
    match what {
        "certificate" => chinese("part-certificate").into(),
        "certificate request" => chinese("part-request").into(),
        "CRL" | "certificate revocation list" => chinese("part-list").into(),
        other => Text::name(other),
    }
}

/// Of the authority.
pub(crate) fn ca(e: &CaError) -> Text {
    let message = match e {
        CaError::Cert(source) => return certificate(source),
        CaError::Crypto(source) => return crypto(source),
        CaError::Title => chinese("ca-title"),
        CaError::Years { max } => chinese("ca-years").with("max", max),
        CaError::Days { asked, max } => chinese("ca-days").with("asked", asked).with("max", max),
        CaError::AlreadyIssued { identity, serial_hex } => {
            chinese("ca-already-issued").with("identity", identity).with("serial", serial_hex)
        }
        CaError::KeyReused { identity, other } => {
            chinese("ca-key-reused").with("identity", identity).with("other", other)
        }
        CaError::HostNotAllowed { identity, host } => {
            chinese("ca-host").with("identity", identity).with("host", host)
        }
        CaError::UnknownSerial(serial) => chinese("ca-unknown-serial").with("serial", serial),
        CaError::AlreadyRevoked { serial_hex, at_ms } => {
            chinese("ca-already-revoked").with("serial", serial_hex).with("at", rfc3339(*at_ms))
        }
        CaError::NotFound { dir } => chinese("ca-none").with("dir", dir.display()),
        CaError::Exists { dir } => chinese("ca-there").with("dir", dir.display()),
        CaError::Busy { dir } => chinese("ca-busy").with("dir", dir.display()),
        CaError::KeyReadable { path } => chinese("ca-key-readable").with("path", path.display()),
        CaError::Locked { path } => chinese("ca-locked").with("path", path.display()),
        CaError::NotLocked { path } => chinese("ca-not-locked").with("path", path.display()),
        CaError::Passphrase { path } => chinese("ca-passphrase").with("path", path.display()),
        CaError::KeyMismatch { dir } => chinese("ca-key-mismatch").with("dir", dir.display()),
        CaError::Damaged { path, reason } => {
            chinese("ca-damaged").with("path", path.display()).with("reason", reason)
        }
        CaError::Io { path, source } => {
            chinese("file-error").with("path", path.display()).saying("error", io_error(source))
        }
        other => chinese("error-other").with("error", other),
    };
    told(e, message)
}

/// Of a file that is to be a model.
pub(crate) fn pack(e: &PackError) -> Text {
    let message = match e {
        PackError::NotAModule => chinese("model-no-module"),
        PackError::Interface(why) => chinese("model-interface").with("why", why),
        other => chinese("error-other").with("error", other),
    };
    told(e, message)
}

/// Of a model that is not taken.
pub(crate) fn vet(e: &VetError) -> Text {
    let message = match e {
        VetError::Size { limit, bytes } => chinese("model-size").with("limit", limit).with("bytes", bytes),
        VetError::NotWasm => chinese("model-not-wasm"),
        VetError::Native => chinese("model-native"),
        VetError::CoreModule => chinese("model-core-module"),
        VetError::Invalid(why) => chinese("model-invalid").with("why", why),
        VetError::Import { name } => chinese("model-import").with("name", name),
        VetError::Exports { found } => chinese("model-exports").with("found", found.join(", ")),
        VetError::Encoding => chinese("model-encoding"),
        other => chinese("error-other").with("error", other),
    };
    told(e, message)
}
