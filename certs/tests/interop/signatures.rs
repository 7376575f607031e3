//! SM2 signatures, both ways.

use qianmo_crypto::sm2::{CERT_USER_ID, PublicKey, SecretKey, Signature, TLS_USER_ID};

use crate::openssl::Openssl;

/// User ids in use, and one of the standard's examples.
const USER_IDS: [&[u8]; 3] = [CERT_USER_ID, TLS_USER_ID, b"ALICE123@YAHOO.COM"];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Messages around the hash's block length, and a long one.
fn messages() -> impl Iterator<Item = Vec<u8>> {
    [0, 1, 55, 56, 63, 64, 65, 100_000].into_iter().map(|length: u32| (0..length).map(|i| i as u8).collect())
}

#[test]
fn signatures_verify_both_ways() {
    let Some(openssl) = Openssl::find() else { return };
    openssl.ok("genpkey -algorithm SM2 -out key.pem");
    openssl.write("public.pem", openssl.bytes("pkey -in key.pem -pubout"));
    let key = SecretKey::from_pkcs8_pem(&openssl.read("key.pem")).unwrap();
    let public = PublicKey::from_spki_der(&openssl.bytes("pkey -in key.pem -pubout -outform DER")).unwrap();
    for (message, user_id) in messages().flat_map(|message| USER_IDS.map(|id| (message.clone(), id))) {
        openssl.write("message", &message);
        let options = format!("-rawin -digest sm3 -in message -pkeyopt hexdistid:{}", hex(user_id));

        let theirs = openssl.bytes(&format!("pkeyutl -sign -inkey key.pem {options}"));
        public.verify(user_id, &message, &Signature::from_der(&theirs).unwrap()).unwrap();

        let ours = key.sign(user_id, &message).unwrap();
        openssl.write("ours.sig", ours.to_der());
        let verify = format!("pkeyutl -verify -pubin -inkey public.pem -sigfile ours.sig {options}");
        openssl.ok(&verify);

        let mut altered = ours.to_bytes();
        altered[40] ^= 1;
        openssl.write("ours.sig", Signature::from_bytes(&altered).unwrap().to_der());
        openssl.refuses(&verify);
    }
}
