//! HKDF-SM3: RFC 5869 over SM3.

use crate::CryptoError;

/// Derives `out.len()` bytes (at most 255 × 32) from the secret `ikm`.
///
/// `salt` may be empty; `info` names the use, so that two uses of one secret get unrelated keys.
///
/// # Errors
/// [`CryptoError::TooLong`] if `out` is longer than 8160 bytes.
pub fn hkdf_sm3(salt: &[u8], ikm: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
    hkdf::Hkdf::<sm3::Sm3>::new(Some(salt), ikm)
        .expand(info, out)
        .map_err(|_| CryptoError::TooLong("HKDF output"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hmac::hmac_sm3;

    /// RFC 5869 section 2, written out over HMAC-SM3.
    fn by_the_book(salt: &[u8], ikm: &[u8], info: &[u8], len: usize) -> Vec<u8> {
        let prk = hmac_sm3(salt, ikm);
        let (mut okm, mut block) = (Vec::new(), Vec::new());
        for i in 1u8..=255 {
            if okm.len() >= len {
                break;
            }
            block.extend_from_slice(info);
            block.push(i);
            block = hmac_sm3(&prk, &block).to_vec();
            okm.extend_from_slice(&block);
        }
        okm.truncate(len);
        okm
    }

    #[test]
    fn agrees_with_the_definition() {
        for len in [1, 16, 32, 33, 100, 8160] {
            let mut out = vec![0; len];
            hkdf_sm3(b"salt", b"secret", b"use", &mut out).unwrap();
            assert_eq!(out, by_the_book(b"salt", b"secret", b"use", len));
        }
    }

    #[test]
    fn too_much_output_is_refused() {
        assert_eq!(hkdf_sm3(b"", b"", b"", &mut [0; 8161]), Err(CryptoError::TooLong("HKDF output")));
    }
}
