//! What a steward is shown before she decides: held results, models, and terms with their signatures.

use std::fs;

use qianmo_crypto::sm3;
use qianmo_proto::{
    ErrorCode, ask,
    views::{JobState, JobView, PreviewView, RequestView},
};
use qianmo_tests::{Clinic, guest};

/// A result that is held: of a model that reads nothing.
fn held(clinic: &Clinic) -> JobView {
    let model = clinic.bring("honest");
    let contract = clinic.contract(&clinic.terms(model));
    let job = clinic.consumer().order(&clinic.run(&contract, model, "{}")).unwrap();
    assert_eq!(job.state, JobState::Held);
    job
}

#[test]
fn a_steward_sees_the_held_result_and_that_is_recorded_first() {
    let clinic = Clinic::shared();
    let job = held(&clinic);
    let id = job.id.as_str();
    let shown = clinic.steward().ok(&["result", "show", id]);
    assert_eq!(shown["result"]["samples"], 0);
    let rules: Vec<_> = shown["preview"]["reasons"].as_array().unwrap().iter().map(|r| &r["rule"]).collect();
    assert!(rules.contains(&&"min-cell".into()), "the findings come with it: {rules:?}");
    let text = clinic.steward().reads("en", &["result", "show", id]).stdout;
    assert!(
        text.contains("broken: the smallest cell has 0 contributors") && text.contains("samples"),
        "{text}"
    );

    let trail = clinic.auditor().trail();
    let looks: Vec<_> = trail.iter().filter(|entry| entry.action() == "result.preview").collect();
    let of_this: Vec<_> = looks.iter().filter(|entry| entry.0["target"]["name"] == id).collect();
    assert_eq!(of_this.len(), 2);
    assert_eq!(of_this[0].0["actor"]["id"], clinic.steward().person.identity().to_string());
    assert_eq!(of_this[0].0["data"]["digest"], shown["preview"]["result"]);

    // It has not left for anybody else, and the steward's own `get` says where to look.
    clinic.steward().fails(&["result", "get", id]).is(6, "QM-1305", &["qianmo result show"]);
    clinic.consumer().fails(&["result", "get", id]).is(6, "QM-1305", &["a steward of the data decides"]);
    clinic.consumer().fails(&["result", "show", id]).is(4, "QM-1101", &["previewResult"]);
    clinic.admin().fails(&["result", "show", id]).is(4, "QM-1101", &["previewResult"]);
    clinic.steward().ok(&["result", "withhold", id, "--reason", "seen"]);
    clinic.steward().fails(&["result", "show", id]).is(7, "QM-1007", &["withheld"]);
}

#[test]
fn a_preview_is_the_bytes_on_the_trail() {
    let clinic = Clinic::shared();
    let id = held(&clinic).id;
    let (view, bytes): (PreviewView, Vec<u8>) =
        clinic.steward().exchange(ask::ResultPreview { id }, &[]).unwrap();
    assert_eq!(view.result, sm3::digest(&bytes));
    let out = clinic.federation.dir().join("preview.json");
    clinic.steward().ok(&["result", "show", view.job.id.as_str(), "--out", out.to_str().unwrap()]);
    assert_eq!(fs::read(out).unwrap(), bytes);
}

#[test]
fn a_model_is_fetched_by_those_who_decide_on_it_and_checked() {
    let clinic = Clinic::shared();
    let digest = clinic.bring("count_rows");
    let out = clinic.federation.dir().join("count_rows.wasm");
    let get = ["model", "get", "count_rows", "--out", out.to_str().unwrap()];
    for who in [clinic.steward(), clinic.consumer(), clinic.auditor()] {
        let shown = who.ok(&get);
        assert_eq!(shown["model"]["digest"], digest.to_string());
        assert_eq!(fs::read(&out).unwrap(), guest("count_rows"));
    }
    assert!(fs::exists(clinic.federation.dir().join("count_rows.wasm.manifest.json")).unwrap());
    let text = clinic.steward().reads("en", &["model", "show", &digest.short()]).stdout;
    assert!(text.contains(&digest.to_string()) && text.contains("the author's, checked here"), "{text}");
    clinic.admin().fails(&get).is(4, "QM-1101", &["readModel"]);
    let zhou = clinic.federation.person("university", "consumer", "zhou-3");
    let other = qianmo_tests::Session { person: &zhou, node: &clinic.node };
    other.fails(&get).is(4, "QM-1101", &["readModel"]);
    let unknown = clinic.steward().call(ask::ModelGet { digest: sm3::digest(b"none") });
    assert_eq!(unknown.unwrap_err().code, ErrorCode::NotFound);
}

#[test]
fn terms_are_shown_with_whole_digests_names_and_a_checked_signature() {
    let clinic = Clinic::shared();
    let request = clinic.consumer().ask(&clinic.terms(clinic.counter())).unwrap();
    let id = request.id.as_str();
    let (digest, author) = (clinic.counter().to_string(), clinic.consumer().person.identity().to_string());
    let named = format!("{digest} count ({author})");
    for args in [["request", "show", id], ["request", "show", &id[..10]]] {
        let text = clinic.steward().reads("en", &args).stdout;
        assert!(text.contains(&named) && text.contains("the consumer's, checked here"), "{text}");
    }
    let view: RequestView = clinic.steward().call(ask::RequestShow { id: request.id.clone() }).unwrap();
    let document = view.document.unwrap();
    assert_eq!((document.digest(), request.document.is_none()), (view.terms_digest, true));
    let approved = clinic.steward().reads("en", &["request", "approve", id, "--yes"]);
    assert!(approved.stdout.contains(&named), "{approved}");
    let contract = id.replace("req-", "ctr-");
    let job = clinic.consumer().order(&clinic.count(&contract.parse().unwrap())).unwrap();
    assert!(clinic.consumer().reads("en", &["job", "show", job.id.as_str()]).stdout.contains(&named));
    let listed = clinic.consumer().reads("en", &["job", "ls"]).stdout;
    assert!(listed.contains(&format!("count {}", clinic.counter().short())), "{listed}");
}
