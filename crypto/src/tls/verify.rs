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
