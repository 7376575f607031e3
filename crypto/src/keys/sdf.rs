//! Devices of GM/T 0018-2012 (SDF, in C): how [`KeyProvider`](super::KeyProvider) maps to their calls, and the
//! structures they exchange.
//!
//! No device and no library that stands for one was available, so there is no provider here that nobody could test,
//! only what can be: the structures below. A provider over a device's library is the table and a session pool as in
//! `keys::pkcs11`:
//!
//! | here | calls, on a session of `SDF_OpenDevice` and `SDF_OpenSession` |
//! |---|---|
//! | [`public_key`](super::KeyProvider::public_key) | `SDF_ExportSignPublicKey_ECC(index)`, once; [`public_key_from_ref`] |
//! | [`sign`](super::KeyProvider::sign) | e = SM3(Z, message) computed here; `SDF_GetPrivateKeyAccessRight(index, password)`, `SDF_InternalSign_ECC(index, e)`, `SDF_ReleasePrivateKeyAccessRight`; [`signature_from_ref`] |
//! | [`sm2_decrypt`](super::KeyProvider::sm2_decrypt) | [`ciphertext_to_ref`]; `SDF_InternalDecrypt_ECC(index)` where the vendor has it: the standard decrypts only whole session keys, by `SDF_ImportKeyWithISK_ECC` |
//! | [`ecdh`](super::KeyProvider::ecdh) | none: `SDF_GenerateAgreementDataWithECC` and its fellows do the exchange of GB/T 32918.3, which plain ECDH is not |
//! | [`wrap`](super::KeyProvider::wrap), [`unwrap_key`](super::KeyProvider::unwrap_key) | at set-up `SDF_GenerateKeyWithKEK(128, SGD_SM4_ECB, kek index)` gives a wrapped key to keep in a file; at start `SDF_ImportKeyWithKEK` makes a handle of it; each wrap then is SM4-GCM under the block `SDF_Encrypt(handle, SGD_SM4_ECB, nonce)`, as `keys::pkcs11` does it |
//! | [`random`](super::KeyProvider::random) | `SDF_GenerateRandom` |
//! | [`self_test`](super::KeyProvider::self_test) | the known answers and the pairwise test of this module; a device tests itself when it starts |
//!
//! At the end `SDF_DestroyKey`, `SDF_CloseSession` and `SDF_CloseDevice`. Each call returns `SDR_OK` (0) or an error
//! number of 0x01000000 and above, which belongs into the log; the error is [`CryptoError::Provider`].
//!
//! Numbers in the structures are C's `unsigned int` of the machine, hence `to_ne_bytes`. Coordinates have room for
//! 512 bits (`ECCref_MAX_LEN` = 64 bytes) and stand at its end, big-endian.

use crate::CryptoError;
use crate::sm2::{Ciphertext, PublicKey, Signature};

/// `sizeof(ECCrefPublicKey)`: bits (4), x (64), y (64).
pub const PUBLIC_KEY_REF_LEN: usize = 4 + 2 * FIELD_LEN;

/// `sizeof(ECCSignature)`: r (64), s (64).
pub const SIGNATURE_REF_LEN: usize = 2 * FIELD_LEN;

/// `offsetof(ECCCipher, C)`: x (64), y (64), M (32), L (4).
pub const CIPHER_REF_HEADER_LEN: usize = 2 * FIELD_LEN + HASH_LEN + 4;

/// `ECCref_MAX_LEN`.
const FIELD_LEN: usize = 64;
const HASH_LEN: usize = 32;
const BITS: u32 = 256;

/// `ECCrefPublicKey` of a key.
pub fn public_key_to_ref(key: &PublicKey) -> [u8; PUBLIC_KEY_REF_LEN] {
    let [_, coordinates @ ..] = key.to_sec1();
    let mut out = [0; PUBLIC_KEY_REF_LEN];
    let (bits, fields) = out.split_at_mut(4);
    bits.copy_from_slice(&BITS.to_ne_bytes());
    put(fields, &coordinates);
    out
}

/// The key in an `ECCrefPublicKey`.
///
/// # Errors
/// [`CryptoError::PublicKey`] unless it is of 256 bits and on the curve.
pub fn public_key_from_ref(bytes: &[u8; PUBLIC_KEY_REF_LEN]) -> Result<PublicKey, CryptoError> {
    const NOT_256_BITS: CryptoError = CryptoError::PublicKey("ECCrefPublicKey is not of 256 bits");
    let (bits, fields) = bytes.split_first_chunk().ok_or(NOT_256_BITS)?;
    if *bits != BITS.to_ne_bytes() {
        return Err(NOT_256_BITS);
    }
    let coordinates = take(fields).ok_or(NOT_256_BITS)?;
    PublicKey::from_sec1(&[&[4], coordinates.as_flattened()].concat())
}

/// `ECCSignature` of a signature.
pub fn signature_to_ref(signature: &Signature) -> [u8; SIGNATURE_REF_LEN] {
    let mut out = [0; SIGNATURE_REF_LEN];
    put(&mut out, &signature.to_bytes());
    out
}

/// The signature in an `ECCSignature`.
///
/// # Errors
/// [`CryptoError::SignatureEncoding`] if r or s is out of range.
pub fn signature_from_ref(bytes: &[u8; SIGNATURE_REF_LEN]) -> Result<Signature, CryptoError> {
    let numbers = take(bytes).ok_or(CryptoError::SignatureEncoding)?;
    let numbers = numbers.as_flattened().try_into().map_err(|_| CryptoError::SignatureEncoding)?;
    Signature::from_bytes(numbers)
}

/// `ECCCipher` of a ciphertext: its header and as many bytes as C2 has.
pub fn ciphertext_to_ref(ciphertext: &Ciphertext) -> Vec<u8> {
    let bytes = ciphertext.to_bytes();
    let (c1, rest) = bytes.split_at(PublicKey::SEC1_LEN);
    let (c3, c2) = rest.split_at(HASH_LEN);
    // A ciphertext holds at most 65,536 bytes.
    let len = c2.len() as u32;
    let mut fields = [0; 2 * FIELD_LEN];
    put(&mut fields, c1.strip_prefix(&[4]).unwrap_or_default());
    [fields.as_slice(), c3, &len.to_ne_bytes(), c2].concat()
}

/// The ciphertext in an `ECCCipher`; bytes behind the L that count are left out, as they are in C.
///
/// # Errors
/// [`CryptoError::Ciphertext`] if it is cut short, a coordinate is longer than 256 bits or the point is not on the
/// curve.
pub fn ciphertext_from_ref(bytes: &[u8]) -> Result<Ciphertext, CryptoError> {
    let parts = || {
        let (fields, rest) = bytes.split_at_checked(2 * FIELD_LEN)?;
        let (c3, rest) = rest.split_at_checked(HASH_LEN)?;
        let (len, c2) = rest.split_first_chunk()?;
        let c2 = c2.get(..usize::try_from(u32::from_ne_bytes(*len)).ok()?)?;
        Some([&[4], take(fields)?.as_flattened(), c3, c2].concat())
    };
    Ciphertext::from_bytes(&parts().ok_or(CryptoError::Ciphertext("ECCCipher is cut short"))?)
}

/// Writes each 32 bytes to the end of a field of 64.
fn put(fields: &mut [u8], numbers: &[u8]) {
    let numbers = numbers.as_chunks::<32>().0;
    for (field, number) in fields.as_chunks_mut::<FIELD_LEN>().0.iter_mut().zip(numbers) {
        field.last_chunk_mut().into_iter().for_each(|end| *end = *number);
    }
}

/// The numbers of two fields, if they fit 256 bits.
fn take(fields: &[u8]) -> Option<[[u8; 32]; 2]> {
    let [[x_high, x], [y_high, y]] = fields.as_chunks::<32>().0.as_chunks::<2>().0 else { return None };
    (*x_high == [0; 32] && *y_high == [0; 32]).then_some([*x, *y])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm2::{CERT_USER_ID, SecretKey};

    #[test]
    fn structures_have_the_sizes_of_the_header() {
        assert_eq!((PUBLIC_KEY_REF_LEN, SIGNATURE_REF_LEN, CIPHER_REF_HEADER_LEN), (132, 128, 164));
    }

    #[test]
    fn public_keys_go_there_and_back() {
        let key = SecretKey::generate().unwrap().public_key();
        let there = public_key_to_ref(&key);
        assert_eq!(there[..4], 256u32.to_ne_bytes());
        assert_eq!((&there[4..36], &there[68..100]), ([0; 32].as_slice(), [0; 32].as_slice()));
        assert_eq!([&there[36..68], &there[100..132]].concat(), key.to_sec1()[1..]);
        assert_eq!(public_key_from_ref(&there), Ok(key));
        for changed in [0, 1, 4, 35, 36, 68, 99, 131] {
            let mut bad = there;
            bad[changed] ^= 1;
            assert!(public_key_from_ref(&bad).is_err(), "byte {changed}");
        }
    }

    #[test]
    fn signatures_go_there_and_back() {
        let secret = SecretKey::generate().unwrap();
        let signature = secret.sign(CERT_USER_ID, b"m").unwrap();
        let there = signature_to_ref(&signature);
        assert_eq!([&there[32..64], &there[96..128]].concat(), signature.to_bytes());
        assert_eq!(signature_from_ref(&there), Ok(signature));
        for high in [0, 31, 64, 95] {
            let mut bad = there;
            bad[high] = 1;
            assert_eq!(signature_from_ref(&bad), Err(CryptoError::SignatureEncoding), "byte {high}");
        }
        assert_eq!(signature_from_ref(&[0; SIGNATURE_REF_LEN]), Err(CryptoError::SignatureEncoding));
    }

    #[test]
    fn ciphertexts_go_there_and_back_and_nothing_shorter_does() {
        let secret = SecretKey::generate().unwrap();
        let ciphertext = secret.public_key().encrypt(b"session key").unwrap();
        let there = ciphertext_to_ref(&ciphertext);
        assert_eq!(there.len(), CIPHER_REF_HEADER_LEN + 11);
        assert_eq!(there[160..164], 11u32.to_ne_bytes());
        let with_rest = [there.as_slice(), b"rest of the buffer"].concat();
        for bytes in [&there, &with_rest] {
            let back = ciphertext_from_ref(bytes).unwrap();
            assert_eq!(*secret.decrypt(&back).unwrap(), b"session key");
        }
        for len in 0..there.len() {
            assert!(ciphertext_from_ref(&there[..len]).is_err(), "first {len} bytes");
        }
    }
}
