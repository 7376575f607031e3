use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::{
    Approval, Document, JobOrder, ModelManifest, Question, Receipt, RequestHeader, Terms, WireError,
};

const DIGEST: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

/// `value` once for each text in it, with that text made far too long.
fn overlong(value: &Value) -> Vec<(String, Value)> {
    let long = |path: &str| {
        let mut other = value.clone();
        *other.pointer_mut(path).unwrap() =
            Value::from("长".repeat(if path.ends_with("descriptor") { 600_000 } else { 10_000 }));
        (path.to_owned(), other)
    };
    let mut paths = Vec::new();
    texts(value, String::new(), &mut paths);
    paths.iter().map(|path| long(path)).collect()
}

fn texts(value: &Value, path: String, into: &mut Vec<String>) {
    match value {
        Value::String(_) => into.push(path),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                texts(item, format!("{path}/{at}"), into);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                texts(item, format!("{path}/{key}"), into);
            }
        }
        _ => {}
    }
}

/// Reads a request as a node does.
fn read(request: &Value) -> Result<(), WireError> {
    use crate::ask::*;
    let header = RequestHeader::parse(request.to_string().as_bytes())?;
    match header.kind.as_str() {
        "peer.add" => header.ask::<PeerAdd>().map(drop),
        "peer.rm" => header.ask::<PeerRm>().map(drop),
        "data.add" => header.ask::<DataAdd>().map(drop),
        "data.show" => header.ask::<DataShow>().map(drop),
        "data.rm" => header.ask::<DataRm>().map(drop),
        "catalog.search" => header.ask::<CatalogSearch>().map(drop),
        "request.deny" => header.ask::<RequestDeny>().map(drop),
        "contract.revoke" => header.ask::<ContractRevoke>().map(drop),
        "job.why" => header.ask::<JobWhy>().map(drop),
        "result.release" => header.ask::<ResultRelease>().map(drop),
        "result.withhold" => header.ask::<ResultWithhold>().map(drop),
        other => panic!("{other}"),
    }
}

#[test]
fn no_text_of_a_request_may_be_of_any_length() {
    let requests = [
        json!({"v": 1, "kind": "peer.add", "args": {"node": "qianmo://b/node/main", "address": "10.0.0.1:7400"}}),
        json!({"v": 1, "kind": "peer.rm", "args": {"node": "qianmo://b/node/main"}}),
        json!({"v": 1, "kind": "data.add", "args": {"descriptor": "name = 'a'"}}),
        json!({"v": 1, "kind": "data.show", "args": {"name": "a"}}),
        json!({"v": 1, "kind": "data.rm", "args": {"name": "a"}}),
        json!({"v": 1, "kind": "catalog.search", "args": {"query": "a b", "federated": true}}),
        json!({"v": 1, "kind": "request.deny", "args": {"id": "req-66c7f0f462eeedd9d1f2", "reason": "no"}}),
        json!({"v": 1, "kind": "contract.revoke", "args": {"id": "ctr-66c7f0f462eeedd9d1f2", "reason": "no"}}),
        json!({"v": 1, "kind": "job.why", "args": {"id": "job-66c7f0f462eeedd9d1f2"}}),
        json!({"v": 1, "kind": "result.release", "args": {"id": "job-66c7f0f462eeedd9d1f2", "reason": "so"}}),
        json!({"v": 1, "kind": "result.withhold", "args": {"id": "job-66c7f0f462eeedd9d1f2", "reason": "so"}}),
    ];
    for request in requests {
        read(&request).unwrap_or_else(|e| panic!("{request}: {e}"));
        for (path, long) in overlong(&request) {
            let refused = read(&long).unwrap_err();
            assert!(refused.message.len() < 2_000_000, "{path}");
        }
    }
}

/// Every text of `document` has a limit, but those of `free`, which are bounded otherwise.
fn assert_bounded<T: Document + DeserializeOwned>(document: Value, free: &[&str]) {
    serde_json::from_value::<T>(document.clone()).unwrap().check().unwrap();
    for (path, long) in overlong(&document) {
        let taken = serde_json::from_value::<T>(long).is_ok_and(|parsed| parsed.check().is_ok());
        assert_eq!(taken, free.contains(&path.as_str()), "{path} of {}", T::CONTEXT);
    }
}

#[test]
fn no_text_of_a_signed_document_may_be_of_any_length() {
    assert_bounded::<Terms>(
        json!({
            "v": 1, "dataset": "a/b", "fields": ["x"], "models": [DIGEST], "params": DIGEST, "purpose": "p",
            "basis": "b", "case_number": "c", "until_ms": 1, "runs": 1, "rounds": 1,
            "output": {"kinds": ["aggregate"], "min_cell": 10, "strings": false}, "nonce": DIGEST,
        }),
        &[],
    );
    assert_bounded::<Approval>(
        json!({"v": 1, "request": "req-66c7f0f462eeedd9d1f2", "terms": DIGEST, "note": "n", "at_ms": 1}),
        &[],
    );
    assert_bounded::<Question>(
        json!({"v": 1, "query": "q", "through": "qianmo://a/node/main", "at_ms": 1}),
        &[],
    );
    assert_bounded::<ModelManifest>(
        json!({"v": 1, "name": "m", "description": "d", "world": "analysis", "digest": DIGEST, "bytes": 1}),
        &[],
    );
    assert_bounded::<Receipt>(
        json!({
            "v": 1, "job": "job-66c7f0f462eeedd9d1f2", "order": DIGEST, "contract": "ctr-66c7f0f462eeedd9d1f2",
            "dataset": "a/b", "model": DIGEST, "result": DIGEST, "bytes": 1, "seq": 1, "at_ms": 1,
        }),
        &[],
    );
    let order = json!({
        "v": 1, "contract": "ctr-66c7f0f462eeedd9d1f2", "dataset": "a/b", "model": DIGEST, "params": {"a": "b"},
        "round": {"run": "run-66c7f0f462eeedd9d1f2", "round": 0},
        "state": [{"name": "w", "shape": [1], "values": [1.0]}], "at_ms": 1, "nonce": DIGEST,
    });
    // RawValue reads from text alone.
    let parse = |value: &Value| serde_json::from_str::<JobOrder>(&value.to_string());
    parse(&order).unwrap().check().unwrap();
    for (path, long) in overlong(&order) {
        let taken = parse(&long).is_ok_and(|parsed| parsed.check().is_ok());
        assert_eq!(taken, path == "/params/a", "{path}");
    }
}

#[test]
fn a_limit_is_the_last_length_taken() {
    assert_eq!(check("it", "长长", 2), Ok(()));
    let refused = check("it", "长长长", 2).unwrap_err();
    assert_eq!(refused.to_string(), "it has 3 characters; the limit is 2: shorten it");
}
