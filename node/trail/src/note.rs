//! Signed notes in the format of C2SP signed-note v1, with an SM2 signature.
//!
//! A note is text, a blank line, and signature lines `— <key name> <base64(key id ‖ signature)>`. C2SP assigns
//! no number to SM2, so the signature type is `0xff` followed by [`IDENTIFIER`], as its section "Signature
//! types" recommends. That type fixes everything below, the hash of the tree included:
//!
//! - key id: the first 4 bytes of `SM3(name ‖ 0x0A ‖ 0xff ‖ IDENTIFIER ‖ key)`, the key as 65 bytes of SEC 1;
//! - signature: `time_ms` as 8 bytes big-endian ‖ r ‖ s, 72 bytes;
//! - signed message: `IDENTIFIER ‖ "\ntime " ‖ time_ms in decimal ‖ "\n" ‖ text`, in the manner of
//!   C2SP tlog-cosignature: the time is signed without becoming a line of the text;
//! - SM2 user id: the bytes of [`IDENTIFIER`], which no certificate or handshake uses.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use qianmo_crypto::CryptoError;
use qianmo_crypto::keys::KeyProvider;
use qianmo_crypto::sm2::{PublicKey, Signature};
use qianmo_crypto::sm3;

/// The signature type behind `0xff`, and the SM2 user id: SM2 with SM3 over trees of RFC 6962 shape with SM3.
pub const IDENTIFIER: &str = "qianmo/sm2-sm3-rfc6962/v1";

/// Longest note that is read, in bytes: room for a checkpoint and all signatures allowed.
pub const MAX_NOTE_BYTES: usize = 64 * 1024;

/// Most signature lines that are read. C2SP demands at least 16.
pub const MAX_SIGNATURES: usize = 64;

/// Leads signature types without an assigned number.
const UNASSIGNED_TYPE: u8 = 0xff;

/// Why a note was refused, or could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not in the format of a note.
    #[error("not a signed note ({0}); fetch it again, and treat a damaged file as evidence")]
    Malformed(&'static str),
    /// A name that cannot stand in a signature line.
    #[error("{0:?} cannot name a key: it must not be empty or hold spaces, control characters or '+'")]
    Name(String),
    /// Not a verifier key.
    #[error("not a verifier key ({0}); copy the whole line `<name>+<key id>+<key>`")]
    Key(&'static str),
    /// Signed by others only.
    #[error("no signature of {0} with the key you trust; check that the key belongs to this trail")]
    NotSigned(String),
    /// Signed with the trusted key's name and id, but wrongly.
    #[error("the signature of {0} does not fit the text: one of the two was changed")]
    BadSignature(String),
    /// The key provider failed.
    #[error("the note could not be signed: {0}")]
    Sign(#[from] CryptoError),
}

/// Name and public key of one who signs notes. Its text form is C2SP's verifier key,
/// `<name>+<key id in hex>+<base64(type ‖ key)>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    key: PublicKey,
}

impl VerifyingKey {
    /// Binds a name to a key.
    ///
    /// # Errors
    /// [`NoteError::Name`] if the name cannot stand in a signature line.
    pub fn new(name: impl Into<String>, key: PublicKey) -> Result<Self, NoteError> {
        let name = name.into();
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.contains(bad) {
            Err(NoteError::Name(name))
        } else {
            Ok(Self { name, key })
        }
    }

    /// The name, for a trail's own key its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key without its name.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// First 4 bytes of `SM3(name ‖ 0x0A ‖ type ‖ key)`: a hint, not a fingerprint.
    pub fn key_id(&self) -> [u8; 4] {
        let digest = sm3::digest(&[self.name.as_bytes(), b"\n", &self.encoded_key()].concat());
        let [a, b, c, d, ..] = *digest.as_bytes();
        [a, b, c, d]
    }

    fn encoded_key(&self) -> Vec<u8> {
        [&[UNASSIGNED_TYPE], IDENTIFIER.as_bytes(), &self.key.to_sec1()].concat()
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.key_id());
        write!(f, "{}+{id:08x}+{}", self.name, BASE64.encode(self.encoded_key()))
    }
}

impl FromStr for VerifyingKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it has not three parts"));
        };
        let key = BASE64.decode(key).map_err(|_| NoteError::Key("its last part is not base64"))?;
        let point = key
            .strip_prefix(&[UNASSIGNED_TYPE])
            .and_then(|key| key.strip_prefix(IDENTIFIER.as_bytes()))
            .ok_or(NoteError::Key("its type is another one"))?;
        let key = PublicKey::from_sec1(point).map_err(|_| NoteError::Key("its point is not on the curve"))?;
        let parsed = Self::new(name, key)?;
        if format!("{:08x}", u32::from_be_bytes(parsed.key_id())) == id {
            Ok(parsed)
        } else {
            Err(NoteError::Key("its id does not fit its name and point"))
        }
    }
}

/// A note whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The text, with its last newline.
    pub text: String,
    /// When it was signed, in UNIX milliseconds, by the signer's clock.
    pub time_ms: i64,
}

/// Signs a text as `name` at `time_ms` (UNIX milliseconds) and returns the note.
///
/// # Errors
/// [`NoteError::Malformed`] for a text that cannot be a note's, [`NoteError::Name`], [`NoteError::Sign`].
pub fn sign(text: &str, name: &str, keys: &dyn KeyProvider, time_ms: i64) -> Result<String, NoteError> {
    let key = VerifyingKey::new(name, keys.public_key())?;
    check_text(text)?;
    let signature = keys.sign(IDENTIFIER.as_bytes(), &message(text, time_ms))?;
    let blob = [key.key_id().as_slice(), &time_ms.to_be_bytes(), &signature.to_bytes()].concat();
    Ok(format!("{text}\n— {name} {}\n", BASE64.encode(blob)))
}

/// Checks a note against one trusted key. Signatures of others are ignored, as C2SP demands.
///
/// # Errors
/// [`NoteError::Malformed`], [`NoteError::NotSigned`], or [`NoteError::BadSignature`] if any signature that
/// carries the key's name and id is wrong.
pub fn verify(note: &str, key: &VerifyingKey) -> Result<Opened, NoteError> {
    let parsed = Parsed::parse(note)?;
    let ours = |line: &&Line| line.name == key.name && line.key_id == key.key_id();
    let mut time_ms = None;
    for line in parsed.lines.iter().filter(ours) {
        let signed = line.timed().ok_or_else(|| NoteError::BadSignature(key.name.clone()))?;
        let result = key.key.verify(IDENTIFIER.as_bytes(), &message(parsed.text, signed.0), &signed.1);
        result.map_err(|_| NoteError::BadSignature(key.name.clone()))?;
        time_ms.get_or_insert(signed.0);
    }
    let time_ms = time_ms.ok_or_else(|| NoteError::NotSigned(key.name.clone()))?;
    Ok(Opened { text: parsed.text.to_owned(), time_ms })
}

/// Reads text and claimed time of a note without checking any signature: for display, and for finding
/// out whose key to ask for. The time is that of the first line by `name`, or 0.
///
/// # Errors
/// [`NoteError::Malformed`].
pub fn read_unverified(note: &str, name: impl Fn(&str) -> bool) -> Result<Opened, NoteError> {
    let parsed = Parsed::parse(note)?;
    let time = parsed.lines.iter().filter(|line| name(line.name)).find_map(Line::timed);
    Ok(Opened { text: parsed.text.to_owned(), time_ms: time.map_or(0, |(time_ms, _)| time_ms) })
}

fn message(text: &str, time_ms: i64) -> Vec<u8> {
    format!("{IDENTIFIER}\ntime {time_ms}\n{text}").into_bytes()
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Malformed("its text does not end in a newline"));
    }
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::Malformed("it holds control characters"));
    }
    Ok(())
}

struct Parsed<'a> {
    text: &'a str,
    lines: Vec<Line<'a>>,
}

impl<'a> Parsed<'a> {
    fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(NoteError::Malformed("it is longer than 64 KiB"));
        }
        let blank = note.rfind("\n\n").ok_or(NoteError::Malformed("it has no blank line"))?;
        let (text, signatures) = note.split_at(blank + 1);
        check_text(text)?;
        let signatures = signatures
            .strip_prefix('\n')
            .and_then(|lines| lines.strip_suffix('\n'))
            .ok_or(NoteError::Malformed("its last line does not end in a newline"))?;
        let lines = signatures.split('\n').map(Line::parse).collect::<Result<Vec<_>, _>>()?;
        if lines.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed("it has more than 64 signatures"));
        }
        Ok(Self { text, lines })
    }
}

struct Line<'a> {
    name: &'a str,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Result<Self, NoteError> {
        const SHAPE: NoteError = NoteError::Malformed("a signature line is not `— name base64`");
        let (name, blob) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(SHAPE)?;
        let blob = BASE64.decode(blob).map_err(|_| SHAPE)?;
        let (key_id, signature) = blob.split_first_chunk().ok_or(SHAPE)?;
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(SHAPE);
        }
        Ok(Self { name, key_id: *key_id, signature: signature.to_vec() })
    }

    /// Time and signature, if the blob has the form of this module's signature type.
    fn timed(&self) -> Option<(i64, Signature)> {
        let (time_ms, signature) = self.signature.split_first_chunk()?;
        let signature = Signature::from_bytes(signature.try_into().ok()?).ok()?;
        Some((i64::from_be_bytes(*time_ms), signature))
    }
}
