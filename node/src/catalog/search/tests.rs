//! Whose question it is: each thing that makes it somebody else's is refused.

use qianmo_certs::{Ca, Csr, TrustStore, chain_from_pem};
use qianmo_crypto::{keys::SoftKeys, sm2::SecretKey};

use super::*;

const NOW_MS: i64 = 1_795_000_000_000;
const HOME: &str = "qianmo://hospital-a/node/main";

/// The question as the holder of `identity` signs it, opened as a peer does.
fn opened(identity: &str, question: &Question) -> Opened<Question> {
    let mut ca = Ca::create("Test federation", 10, NOW_MS).unwrap();
    let key = SecretKey::generate().unwrap();
    let csr = Csr::create(&key, &identity.parse().unwrap(), &[]).unwrap();
    let issued = ca.issue(&csr, 30, NOW_MS).unwrap();
    let crl = ca.crl(24, NOW_MS).unwrap();
    let trust = qianmo_certs::Trust::new(TrustStore::load(&ca.certificate_pem(), Some(&crl), 0).unwrap());
    let certificate = chain_from_pem(&issued.pem).unwrap();
    let keys = SoftKeys::new(key, [1; 16].into());
    let signed = Signed::sign(question, &certificate[0], &keys).unwrap();
    auth::open_any(&signed, &trust, NOW_MS).unwrap()
}

#[test]
fn a_question_counts_for_its_signer_its_node_its_words_and_its_moment() {
    let question = Question { v: 1, query: "乳腺".into(), through: HOME.parse().unwrap(), at_ms: NOW_MS };
    let chen = opened("qianmo://university/consumer/chen", &question);
    let judge = |question: &Opened<Question>, through: &str, query: &str, now_ms| {
        check_question(question, &through.parse().unwrap(), query, now_ms).map_err(|e| (e.code, e.message))
    };
    assert_eq!(judge(&chen, HOME, "乳腺", NOW_MS), Ok(()));
    assert_eq!(judge(&chen, HOME, "乳腺", NOW_MS + Question::LIFE_MS), Ok(()));
    assert_eq!(judge(&chen, HOME, "乳腺", NOW_MS - Question::LIFE_MS), Ok(()));
    let other = "qianmo://hospital-b/node/main";
    for (judged, words) in [
        (judge(&chen, other, "乳腺", NOW_MS), "not for qianmo://hospital-b/node/main"),
        (judge(&chen, HOME, "", NOW_MS), "another than the one asked"),
        (judge(&chen, HOME, "乳腺", NOW_MS + Question::LIFE_MS + 1), "more than 5 minutes"),
        (judge(&chen, HOME, "乳腺", i64::MIN), "more than 5 minutes"),
        (judge(&opened(HOME, &question), HOME, "乳腺", NOW_MS), "is no person"),
    ] {
        let (code, message) = judged.unwrap_err();
        assert_eq!(code, ErrorCode::Signer, "{message}");
        assert!(message.contains(words), "{message}");
    }
    let newer = opened("qianmo://university/consumer/chen", &Question { v: 2, ..question });
    assert_eq!(judge(&newer, HOME, "乳腺", NOW_MS).unwrap_err().0, ErrorCode::UnknownVersion);
}
