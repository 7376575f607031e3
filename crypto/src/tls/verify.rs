//! Verification of SM2 signatures in certificates and handshakes.

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

use super::SM2SIG_SM3;
use crate::sm2::{CERT_USER_ID, PublicKey, Signature, TLS_USER_ID};

/// id-ecPublicKey with curve sm2p256v1 (GB/T 35276-2017, 7.1), without the outer SEQUENCE.
const SM2_KEY: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01,
    0x82, 0x2d,
]);

/// sm2sign-with-sm3, 1.2.156.10197.1.501, without parameters (RFC 8998, section 3.2.2).
const SM2_WITH_SM3: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75]);

/// The same with NULL parameters, as some certificate authorities write it.
const SM2_WITH_SM3_NULL: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75, 0x05, 0x00,
]);

static CERT: Sm2 = Sm2 { user_id: CERT_USER_ID, signature: SM2_WITH_SM3 };
static CERT_NULL: Sm2 = Sm2 { user_id: CERT_USER_ID, signature: SM2_WITH_SM3_NULL };
static HANDSHAKE: Sm2 = Sm2 { user_id: TLS_USER_ID, signature: SM2_WITH_SM3 };

/// What a verifier may accept: `all` for certificates and CRLs, `mapping` for CertificateVerify.
pub static SIGNATURE_ALGORITHMS: WebPkiSupportedAlgorithms =
    WebPkiSupportedAlgorithms { all: CERTS, mapping: &[(SM2SIG_SM3, &[&HANDSHAKE])] };

static CERTS: &[&dyn SignatureVerificationAlgorithm] = &[&CERT, &CERT_NULL];

/// The algorithms of certificates and CRLs alone.
pub fn certs_algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    CERTS
}

#[derive(Debug)]
struct Sm2 {
    user_id: &'static [u8],
    signature: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Sm2 {
    fn verify_signature(
        &self,
        public_key: &[u8],
        msg: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = PublicKey::from_sec1(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(self.user_id, msg, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        SM2_KEY
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm2::SecretKey;

    fn verifies(algorithm: &dyn SignatureVerificationAlgorithm, user_id: &[u8]) -> bool {
        let key = SecretKey::generate().unwrap();
        let signature = key.sign(user_id, b"tbs").unwrap().to_der();
        algorithm.verify_signature(&key.public_key().to_sec1(), b"tbs", &signature).is_ok()
    }

    #[test]
    fn each_use_has_its_own_user_id() {
        assert!(certs_algorithms().iter().all(|algorithm| verifies(*algorithm, CERT_USER_ID)));
        assert!(!certs_algorithms().iter().any(|algorithm| verifies(*algorithm, TLS_USER_ID)));
        let [(SM2SIG_SM3, [handshake])] = SIGNATURE_ALGORITHMS.mapping else {
            panic!("one scheme, one verifier")
        };
        assert!(verifies(*handshake, TLS_USER_ID) && !verifies(*handshake, CERT_USER_ID));
    }

    #[test]
    fn certificates_may_write_the_parameters_either_way() {
        let identifiers: Vec<_> =
            certs_algorithms().iter().map(|algorithm| algorithm.signature_alg_id()).collect();
        assert_eq!(identifiers, [SM2_WITH_SM3, SM2_WITH_SM3_NULL]);
        assert!(certs_algorithms().iter().all(|algorithm| algorithm.public_key_alg_id() == SM2_KEY));
    }

    #[test]
    fn malformed_keys_and_signatures_are_refused() {
        let key = SecretKey::generate().unwrap();
        let signature = key.sign(CERT_USER_ID, b"tbs").unwrap().to_der();
        let point = key.public_key().to_sec1();
        assert!(CERT.verify_signature(&point[..64], b"tbs", &signature).is_err());
        assert!(CERT.verify_signature(&[], b"tbs", &signature).is_err());
        assert!(CERT.verify_signature(&point, b"tbs", &signature[1..]).is_err());
        assert!(CERT.verify_signature(&point, b"tbs", &[]).is_err());
    }
}
