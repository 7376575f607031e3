//! What a node hands out, checked on this machine before anybody signs it or goes by it: the consumer's signature under
//! the terms, the author's under a model, digests over the very bytes.

use qianmo_certs::Trust;
use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::{
    ErrorCode, Id as _, RequestId, ResultDoc, WireError, ask,
    views::{ModelDocument, ModelLabel, PreviewView, RequestView},
};

use super::{connect::Person, exit::Fault};
use crate::net::{client::Client, peer as auth};

/// A request whose terms are those that its consumer signed, and whose models are those that their authors did.
pub(crate) struct Checked {
    /// The request as it may be shown to who signs next.
    pub(crate) view: RequestView,
    /// Digest of the signed terms, computed here.
    pub(crate) digest: Digest,
}

impl Checked {
    /// Checks `view`, the answer to `request.show`. The names of its models are taken from manifests that hold.
    ///
    /// # Errors
    /// [`ErrorCode::Signature`] where the node shows other terms, another consumer or another model than was signed.
    pub(crate) async fn fetch(
        person: &Person,
        client: &Client,
        view: RequestView,
        now_ms: i64,
    ) -> Result<Self, Fault> {
        let digest = terms(&view, &person.trust, now_ms)?;
        let mut models = Vec::new();
        for wanted in &view.terms.models {
            let asked = client.call(ask::ModelShow { digest: *wanted }).await;
            match asked.and_then(|found| model(&found, *wanted, None, &person.trust, now_ms)) {
                Ok(label) => models.push(label),
                // A model may be brought after its contract is signed, and its author's certificate ends: the digest
                // that is signed stands alone.
                Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Certificate) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self { view: RequestView { models, ..view }, digest })
    }
}

/// The digest of the terms in `view`, if they are what the consumer named there has signed.
pub(crate) fn terms(view: &RequestView, trust: &Trust, now_ms: i64) -> Result<Digest, WireError> {
    let document = view
        .document
        .as_ref()
        .ok_or_else(|| wrong(&format!("the node hands out no signed terms for {}; is it older?", view.id)))?;
    let opened = auth::open_any(document, trust, now_ms)?;
    let signer = &opened.signer.identity;
    if *signer != view.consumer {
        return Err(wrong(&format!("the terms are signed by {signer}, not by {}", view.consumer)));
    }
    if opened.digest != view.terms_digest || RequestId::of(&opened.digest) != view.id {
        return Err(wrong("the signed terms are those of another request"));
    }
    if opened.value != view.terms {
        return Err(wrong("the terms shown are not those that the consumer signed"));
    }
    Ok(opened.digest)
}

/// What the author signed of the model `wanted`, and of its component where it came along.
pub(crate) fn model(
    found: &ModelDocument,
    wanted: Digest,
    component: Option<&[u8]>,
    trust: &Trust,
    now_ms: i64,
) -> Result<ModelLabel, WireError> {
    let opened = auth::open_any(&found.manifest, trust, now_ms)?;
    let (manifest, author, shown) = (opened.value, opened.signer.identity, &found.model);
    if author != shown.author {
        return Err(wrong(&format!("the model's manifest is signed by {author}, not by {}", shown.author)));
    }
    let same = (manifest.digest, &manifest.name, manifest.world, manifest.bytes, &manifest.description)
        == (shown.digest, &shown.name, shown.world, shown.bytes, &shown.description);
    if manifest.digest != wanted || !same {
        return Err(wrong("the model shown is not the one that its author signed"));
    }
    if component.is_some_and(|bytes| sm3::digest(bytes) != wanted) {
        return Err(wrong("the component that came is not the one that its author signed"));
    }
    Ok(ModelLabel { digest: wanted, name: manifest.name, author })
}

/// The held document that came with `view`.
pub(crate) fn preview(view: &PreviewView, bytes: &[u8]) -> Result<ResultDoc, WireError> {
    if sm3::digest(bytes) != view.result {
        return Err(wrong("the result that came is not the one that the trail records"));
    }
    serde_json::from_slice(bytes).map_err(|e| {
        let text = format!("the result does not parse: {e}; is the node newer?");
        WireError::new(ErrorCode::BadRequest, text)
    })
}

fn wrong(what: &str) -> WireError {
    let text = format!("{what}; sign nothing and trust nothing of it, and tell the node's admin");
    WireError::new(ErrorCode::Signature, text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use qianmo_certs::{Ca, Csr, TrustStore, chain_from_pem};
    use qianmo_crypto::{
        keys::{KeyProvider, SoftKeys},
        sm2::SecretKey,
    };
    use qianmo_proto::{
        Document, ModelManifest, Signed, Terms, World,
        contract::{OutputKind, OutputTerms},
        views::{ContractState, ModelView},
    };
    use zeroize::Zeroizing;

    use super::*;

    const NOW_MS: i64 = 1_795_000_000_000;
    const CHEN: &str = "qianmo://university/consumer/chen";

    /// Somebody who can sign.
    struct Signer {
        keys: Arc<dyn KeyProvider>,
        certificate: Vec<u8>,
    }

    impl Signer {
        fn new(ca: &mut Ca, identity: &str) -> Self {
            let secret = SecretKey::generate().unwrap();
            let csr = Csr::create(&secret, &identity.parse().unwrap(), &[]).unwrap();
            let pem = ca.issue(&csr, 30, NOW_MS).unwrap().pem;
            let certificate = chain_from_pem(&pem).unwrap()[0].to_vec();
            Self { keys: Arc::new(SoftKeys::new(secret, Zeroizing::new([1; 16]))), certificate }
        }

        fn sign<T: Document>(&self, document: &T) -> Signed<T> {
            Signed::sign(document, &self.certificate, self.keys.as_ref()).unwrap()
        }
    }

    fn town() -> (Signer, Signer, Trust) {
        let mut ca = Ca::create("Test federation", 10, NOW_MS).unwrap();
        let chen = Signer::new(&mut ca, CHEN);
        let other = Signer::new(&mut ca, "qianmo://tax-bureau/consumer/zhou");
        let crl = ca.crl(24, NOW_MS).unwrap();
        let trust = Trust::new(TrustStore::load(&ca.certificate_pem(), Some(&crl), 0).unwrap());
        (chen, other, trust)
    }

    fn asked() -> Terms {
        Terms {
            v: 1,
            dataset: "hospital-a/screening".parse().unwrap(),
            fields: vec!["radius".parse().unwrap()],
            models: vec![sm3::digest(b"model")],
            params: None,
            purpose: "study".into(),
            basis: "Decree 809".into(),
            case_number: "2026-1".into(),
            until_ms: NOW_MS,
            runs: 1,
            rounds: 5,
            output: OutputTerms { kinds: vec![OutputKind::Update], min_cell: 10, strings: false },
            nonce: sm3::digest(b"nonce"),
        }
    }

    /// What a node shows of terms that `signer` has signed.
    fn request(signer: &Signer, terms: Terms) -> RequestView {
        let document = signer.sign(&terms);
        let terms_digest = document.digest();
        RequestView {
            id: RequestId::of(&terms_digest),
            consumer: CHEN.parse().unwrap(),
            terms,
            terms_digest,
            document: Some(document),
            models: vec![],
            state: ContractState::Requested,
            reason: None,
            at_ms: NOW_MS,
        }
    }

    #[test]
    fn a_node_cannot_have_other_terms_signed_than_the_consumers() {
        let (chen, other, trust) = town();
        let good = request(&chen, asked());
        assert_eq!(terms(&good, &trust, NOW_MS).unwrap(), good.terms_digest);
        let fault = |view: &RequestView| {
            let error = terms(view, &trust, NOW_MS).unwrap_err();
            assert_eq!(error.code, ErrorCode::Signature);
            error.message
        };
        let more = Terms { runs: 1_000, ..asked() };
        let shown = RequestView { terms: more.clone(), ..good.clone() };
        assert!(fault(&shown).contains("terms shown"));
        // The terms that are shown are signed, and another document's digest would be approved.
        let digest = RequestView { terms_digest: request(&chen, more).terms_digest, ..good.clone() };
        assert!(fault(&digest).contains("another request"));
        assert!(fault(&request(&other, asked())).contains("signed by qianmo://tax-bureau"));
        assert!(fault(&RequestView { document: None, ..good.clone() }).contains("no signed terms"));
        let forged = chen.sign(&asked());
        let mut json = serde_json::to_value(&forged).unwrap();
        json["certificate"] = serde_json::to_value(other.sign(&asked())).unwrap()["certificate"].clone();
        let stolen = RequestView { document: Some(serde_json::from_value(json).unwrap()), ..good };
        assert!(fault(&stolen).contains("signature does not fit"));
    }

    #[test]
    fn terms_of_a_stranger_are_not_signed() {
        let (_, _, trust) = town();
        let (stranger, ..) = town();
        let error = terms(&request(&stranger, asked()), &trust, NOW_MS).unwrap_err();
        assert_eq!(error.code, ErrorCode::Certificate, "{error}");
    }

    #[test]
    fn a_model_is_the_one_its_author_signed_to_the_byte() {
        let (chen, other, trust) = town();
        let bytes = b"component";
        let digest = sm3::digest(bytes);
        let manifest = ModelManifest {
            v: 1,
            name: "count".parse().unwrap(),
            description: "counts".into(),
            world: World::Analysis,
            digest,
            bytes: bytes.len() as u64,
        };
        let shown = |signer: &Signer| ModelDocument {
            model: ModelView {
                digest,
                name: manifest.name.clone(),
                description: manifest.description.clone(),
                world: manifest.world,
                bytes: manifest.bytes,
                author: CHEN.parse().unwrap(),
            },
            manifest: signer.sign(&manifest),
        };
        let good = shown(&chen);
        let label = model(&good, digest, Some(bytes), &trust, NOW_MS).unwrap();
        assert_eq!((label.name.as_str(), label.author.to_string().as_str()), ("count", CHEN));
        let fault = |found: &ModelDocument, wanted, bytes: &[u8]| {
            model(found, wanted, Some(bytes), &trust, NOW_MS).unwrap_err().message
        };
        assert!(fault(&good, digest, b"another").contains("component that came"));
        assert!(fault(&good, sm3::digest(b"x"), bytes).contains("not the one"));
        assert!(fault(&shown(&other), digest, bytes).contains("signed by qianmo://tax-bureau"));
        let renamed = ModelView { name: "harmless".parse().unwrap(), ..good.model.clone() };
        assert!(fault(&ModelDocument { model: renamed, ..good }, digest, bytes).contains("not the one"));
    }
}
