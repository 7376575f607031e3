//! SM2 encryption, both ways.

use qianmo_crypto::sm2::{Ciphertext, PublicKey, SecretKey};

use crate::openssl::Openssl;

#[test]
fn ciphertexts_open_both_ways() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.ok("genpkey -algorithm SM2 -out key.pem");
    openssl.write("public.pem", openssl.bytes("pkey -in key.pem -pubout"));
    let key = SecretKey::from_pkcs8_pem(&openssl.read("key.pem")).unwrap();
    let public = PublicKey::from_spki_der(&openssl.bytes("pkey -in key.pem -pubout -outform DER")).unwrap();
    // Around the key stream's 32-byte steps, and a length that takes three bytes in DER.
    for length in [1, 15, 16, 31, 32, 33, 64, 255, 1000] {
        let message: Vec<u8> = (0..length).map(|i: u32| i as u8).collect();
        openssl.write("message", &message);

        let theirs = openssl.bytes("pkeyutl -encrypt -pubin -inkey public.pem -in message");
        let theirs = Ciphertext::from_der(&theirs).unwrap();
        assert_eq!(*key.decrypt(&theirs).unwrap(), message, "{length} bytes");

        let ours = public.encrypt(&message).unwrap();
        openssl.write("ours", ours.to_der());
        let decrypt = "pkeyutl -decrypt -inkey key.pem -in ours";
        assert_eq!(openssl.bytes(decrypt), message, "{length} bytes");

        let mut altered = ours.to_bytes();
        *altered.last_mut().unwrap() ^= 1;
        let altered = Ciphertext::from_bytes(&altered).unwrap();
        openssl.write("ours", altered.to_der());
        openssl.refuses(decrypt);
        assert!(key.decrypt(&altered).is_err());
    }
}
