//! The trail's signed head.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use qianmo_crypto::keys::KeyProvider;
use qianmo_crypto::sm3::Digest;
use serde::{Deserialize, Serialize};

use crate::merkle;
use crate::note::{self, NoteError, VerifyingKey};

/// What a trail held at one moment: C2SP tlog-checkpoint, signed as a [`note`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Whose trail: the node's identity URI. Also the name of the signing key.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Merkle root over all entries.
    pub root: Digest,
    /// When it was signed, in UNIX milliseconds, by the node's own clock.
    pub time_ms: i64,
}

impl Checkpoint {
    /// The head of a trail without entries.
    pub fn empty(origin: impl Into<String>, time_ms: i64) -> Self {
        Self { origin: origin.into(), size: 0, root: merkle::empty_root(), time_ms }
    }

    /// Signs this checkpoint and returns the note.
    ///
    /// # Errors
    /// [`NoteError::Name`] if the origin cannot name a key, [`NoteError::Sign`].
    pub fn sign(&self, keys: &dyn KeyProvider) -> Result<String, NoteError> {
        note::sign(&self.text(), &self.origin, keys, self.time_ms)
    }

    /// Reads a note signed by its own trail's key.
    ///
    /// # Errors
    /// A [`NoteError`] if the note is not one, is not signed with this key, or is another trail's.
    pub fn verify(note: &str, key: &VerifyingKey) -> Result<Self, NoteError> {
        let opened = note::verify(note, key)?;
        let checkpoint = Self::from_text(&opened.text, opened.time_ms)?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(NoteError::NotSigned(checkpoint.origin))
        }
    }

    /// Reads a note without checking its signature; it then proves nothing.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn read_unverified(note: &str) -> Result<Self, NoteError> {
        let origin = note.split('\n').next().unwrap_or_default();
        let opened = note::read_unverified(note, |name| name == origin)?;
        Self::from_text(&opened.text, opened.time_ms)
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.as_bytes()))
    }

    fn from_text(text: &str, time_ms: i64) -> Result<Self, NoteError> {
        const SHAPE: NoteError = NoteError::Malformed("its text is not the three lines of a checkpoint");
        let mut lines = text.strip_suffix('\n').ok_or(SHAPE)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(SHAPE);
        };
        let root = BASE64.decode(root).ok().and_then(|root| <[u8; 32]>::try_from(root).ok()).ok_or(SHAPE)?;
        let read = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| SHAPE)?,
            root: root.into(),
            time_ms,
        };
        // One checkpoint has one text: comparing it refuses a sign or a leading zero in the size.
        if origin.is_empty() || read.text() != text { Err(SHAPE) } else { Ok(read) }
    }
}

impl fmt::Display for Checkpoint {
    /// Size and short root, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} entries, root {}", self.origin, self.size, self.root.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{keys, other_keys};

    fn checkpoint() -> Checkpoint {
        let root = merkle::leaf_hash(b"x");
        Checkpoint { origin: "qianmo://hospital-a/node/main".into(), size: 20_852_163, root, time_ms: 7 }
    }

    fn key() -> VerifyingKey {
        VerifyingKey::new(checkpoint().origin, keys().public_key()).unwrap()
    }

    #[test]
    fn what_was_signed_is_read() {
        let note = checkpoint().sign(&*keys()).unwrap();
        assert_eq!(Checkpoint::verify(&note, &key()).unwrap(), checkpoint());
        assert_eq!(Checkpoint::read_unverified(&note).unwrap(), checkpoint());
        let shown = checkpoint().to_string();
        assert!(shown.starts_with("qianmo://hospital-a/node/main at 20852163 entries, root "), "{shown}");
    }

    #[test]
    fn another_trails_text_under_this_key_is_refused() {
        let text = checkpoint().text().replace("hospital-a", "hospital-b");
        let note = note::sign(&text, key().name(), &*keys(), 7).unwrap();
        assert!(matches!(Checkpoint::verify(&note, &key()), Err(NoteError::NotSigned(_))));
        let note = checkpoint().sign(&*other_keys()).unwrap();
        assert!(matches!(Checkpoint::verify(&note, &key()), Err(NoteError::NotSigned(_))));
    }

    #[test]
    fn other_spellings_are_refused_even_when_signed() {
        let good = checkpoint().text();
        let lines: Vec<&str> = good.lines().collect();
        for text in [
            good.replace("\n2085", "\n02085"),
            good.replace("\n2085", "\n+2085"),
            good.replace("\n2085", "\n-2085"),
            good.replace("20852163", "18446744073709551616"),
            good.clone() + "extension\n",
            good.replace('=', ""),
            format!("{}\n{}\n", lines[0], lines[1]),
            format!("\n{}\n{}\n", lines[1], lines[2]),
            "\n".to_owned(),
        ] {
            let note = note::sign(&text, key().name(), &*keys(), 7).unwrap();
            assert!(Checkpoint::verify(&note, &key()).is_err(), "{text}");
            assert!(Checkpoint::read_unverified(&note).is_err(), "{text}");
        }
    }
}
