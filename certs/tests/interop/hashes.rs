//! SM3, HMAC-SM3 and HKDF-SM3 beside OpenSSL's.

use qianmo_crypto::{hmac, kdf, random, sm3};

use crate::openssl::Openssl;

fn random_bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    random::fill(&mut bytes).unwrap();
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn digests_and_tags_agree() {
    let Some(openssl) = Openssl::find() else { return };
    for length in [0, 1, 55, 56, 63, 64, 65, 127, 128, 4096, 1_000_003] {
        let data = random_bytes(length);
        openssl.write("data", &data);
        let digest = openssl.bytes("dgst -sm3 -binary data");
        assert_eq!(sm3::digest(&data).as_bytes().as_slice(), digest, "{length} bytes");
        let key = random_bytes(1 + length % 100);
        let tag = openssl.bytes(&format!("dgst -sm3 -binary -mac HMAC -macopt hexkey:{} data", hex(&key)));
        assert_eq!(hmac::hmac_sm3(&key, &data).as_slice(), tag, "{length} bytes");
    }
}

#[test]
fn derived_keys_agree() {
    let Some(openssl) = Openssl::find() else { return };
    for length in [1, 16, 32, 33, 100, 255 * 32] {
        let (salt, secret, info) = (random_bytes(32), random_bytes(48), random_bytes(20));
        let theirs = openssl.bytes(&format!(
            "kdf -binary -keylen {length} -kdfopt digest:SM3 -kdfopt hexkey:{} -kdfopt hexsalt:{} -kdfopt hexinfo:{} \
             HKDF",
            hex(&secret),
            hex(&salt),
            hex(&info)
        ));
        let mut ours = vec![0; length];
        kdf::hkdf_sm3(&salt, &secret, &info, &mut ours).unwrap();
        assert_eq!(ours, theirs, "{length} bytes");
    }
}
