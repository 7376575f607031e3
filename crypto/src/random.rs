//! Random bytes from the operating system.
//!
//! The one place of this crate that asks for them. There is no fallback: without the system's
//! generator nothing is signed, sealed or generated.

use crate::CryptoError;

/// Fills `out` with random bytes.
///
/// # Errors
/// [`CryptoError::Random`] if the system's generator fails; `out` must then not be used.
pub fn fill(out: &mut [u8]) -> Result<(), CryptoError> {
    getrandom::fill(out).map_err(|_| CryptoError::Random)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn two_draws_differ_and_fill_everything() {
        let (mut a, mut b) = ([0u8; 64], [0u8; 64]);
        fill(&mut a).unwrap();
        fill(&mut b).unwrap();
        assert_ne!(a, b);
        assert!(a.chunks(16).all(|part| part != [0u8; 16]));
    }
}
