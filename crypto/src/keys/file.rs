//! Private keys as PEM text: PKCS#8 under a passphrase (RFC 5958, section 3; RFC 8018), PKCS#8 in the clear, and
//! SEC1's "EC PRIVATE KEY" (RFC 5915), which is only read.
//!
//! The passphrase becomes an SM4 key by PBKDF2 with HMAC-SM3, and the key is encrypted with SM4-CBC. Two object
//! identifiers are in use for HMAC-SM3 as the function of PBKDF2, because GM/T 0091-2020 gives one in annex A.2 and
//! another in annex C. No file is read by everybody: [`Dialect`] chooses. All of them are read here.
//!
//! SM4-CBC has no tag, and a decryption that tells wrong padding from other faults would be an oracle for who can have
//! it repeated. Here nobody can: a file is opened once, when an operator starts a program. And it tells nothing: a wrong
//! passphrase, wrong padding and a damaged key are one error, after the same work.

mod pbes2;
mod private_key;
#[cfg(test)]
mod tests;

use der::pem::{self, LineEnding};
use zeroize::Zeroizing;

pub use self::pbes2::Dialect;
use crate::CryptoError;
use crate::sm2::SecretKey;

const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";
const PKCS8_LABEL: &str = "PRIVATE KEY";
const SEC1_LABEL: &str = "EC PRIVATE KEY";
/// OpenSSL's word for the same with an SM2 key.
const SEC1_SM2_LABEL: &str = "SM2 PRIVATE KEY";

/// Longest text that is looked at. A key takes 250 to 400 characters.
const MAX_PEM_LEN: usize = 16 << 10;

impl SecretKey {
    /// Reads a PEM block of any form that is known here. A passphrase is used only where the key is encrypted.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] if the key is encrypted and there is no passphrase; else as the form's own method.
    pub fn from_pem(pem: &str, passphrase: Option<&[u8]>) -> Result<Self, CryptoError> {
        match (open(pem)?, passphrase) {
            ((PKCS8_LABEL, der), _) => Self::from_pkcs8_der(&der),
            ((SEC1_LABEL | SEC1_SM2_LABEL, der), _) => private_key::from_sec1(&der),
            ((ENCRYPTED_LABEL, der), Some(passphrase)) => decrypt(&der, passphrase),
            ((ENCRYPTED_LABEL, _), None) => Err(CryptoError::KeyFile("it is encrypted; give its passphrase")),
            _ => Err(CryptoError::KeyFile("its PEM label is not that of a private key")),
        }
    }

    /// Reads a PKCS#8 PEM block that is encrypted with PBES2, PBKDF2-HMAC-SM3 and SM4-CBC.
    ///
    /// The time it takes is set by the file, up to ten million iterations, which are a few seconds.
    ///
    /// # Errors
    /// [`CryptoError::Passphrase`] if the passphrase is wrong or the key damaged, [`CryptoError::KeyFile`] if it is
    /// another kind of file or asks for more iterations, [`CryptoError::SecretKey`] if the key is no SM2 key.
    pub fn from_encrypted_pkcs8_pem(pem: &str, passphrase: &[u8]) -> Result<Self, CryptoError> {
        let (label, der) = open(pem)?;
        if label != ENCRYPTED_LABEL {
            return Err(CryptoError::KeyFile("it is not encrypted: its PEM label is another one"));
        }
        decrypt(&der, passphrase)
    }

    /// Reads a SEC1 PEM block (RFC 5915, section 4), as `openssl ec` writes it. A block of curve parameters before it
    /// must be taken off.
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] if it is another kind of file, [`CryptoError::SecretKey`] if the key is no SM2 key.
    pub fn from_sec1_pem(pem: &str) -> Result<Self, CryptoError> {
        match open(pem)? {
            (SEC1_LABEL | SEC1_SM2_LABEL, der) => private_key::from_sec1(&der),
            _ => Err(CryptoError::KeyFile("its PEM label is not EC PRIVATE KEY or SM2 PRIVATE KEY")),
        }
    }

    /// This key as an encrypted PKCS#8 PEM block in the dialect of the standard, [`Dialect::Gm`].
    ///
    /// # Errors
    /// [`CryptoError::KeyFile`] if the passphrase is empty, [`CryptoError::Random`] without random bytes.
    pub fn to_encrypted_pkcs8_pem(&self, passphrase: &[u8]) -> Result<Zeroizing<String>, CryptoError> {
        self.to_encrypted_pkcs8_pem_as(passphrase, Dialect::Gm)
    }

    /// This key as an encrypted PKCS#8 PEM block for a certain reader.
    ///
    /// # Errors
    /// As [`to_encrypted_pkcs8_pem`](Self::to_encrypted_pkcs8_pem).
    pub fn to_encrypted_pkcs8_pem_as(
        &self,
        passphrase: &[u8],
        dialect: Dialect,
    ) -> Result<Zeroizing<String>, CryptoError> {
        if passphrase.is_empty() {
            return Err(CryptoError::KeyFile("an empty passphrase protects nothing; choose one"));
        }
        let key = private_key::to_pkcs8(self);
        let der = pbes2::encrypt(&key, passphrase, dialect, pbes2::ITERATIONS)?;
        let text = pem::encode_string(ENCRYPTED_LABEL, LineEnding::LF, &der);
        text.map(Zeroizing::new).map_err(|_| CryptoError::TooLong("a key file"))
    }
}

/// Label and content of a PEM block.
fn open(text: &str) -> Result<(&str, Zeroizing<Vec<u8>>), CryptoError> {
    if text.len() > MAX_PEM_LEN {
        return Err(CryptoError::KeyFile("it is longer than any key"));
    }
    let text = text.trim_ascii();
    let (label, der) = pem::decode_vec(text.as_bytes())
        .map_err(|_| CryptoError::KeyFile("it is not one PEM block; restore it from the backup"))?;
    Ok((label, Zeroizing::new(der)))
}

fn decrypt(der: &[u8], passphrase: &[u8]) -> Result<SecretKey, CryptoError> {
    private_key::from_opened(&pbes2::decrypt(der, passphrase)?)
}
