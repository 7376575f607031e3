use serde_json::json;

use super::*;

fn read(body: Value) -> Result<Fact, NoFact> {
    Fact::read(Some(&body))
}

#[test]
fn what_this_version_would_pass_over_is_refused() {
    let revoked = json!({"fact": "contract-revoked", "id": "ctr-66c7f0f462eeedd9d1f2", "reason": "over"});
    assert!(matches!(read(revoked.clone()), Ok(Fact::ContractRevoked { .. })));
    assert_eq!(Fact::read(None).unwrap_err(), NoFact::Empty);
    let unknown = read(json!({"fact": "contract-suspended", "id": "ctr-66c7f0f462eeedd9d1f2"})).unwrap_err();
    assert!(matches!(&unknown, NoFact::Shape(why) if why.contains("contract-suspended")), "{unknown}");
    let mut longer = revoked;
    longer["others"] = json!(["ctr-77c7f0f462eeedd9d1f2"]);
    assert_eq!(read(longer).unwrap_err(), NoFact::Unread("others".into()));
    let stopped = json!({"fact": "node-stopped", "suspends": "everything"});
    assert_eq!(read(stopped).unwrap_err(), NoFact::Unread("suspends".into()));
}

#[test]
fn a_field_deep_inside_is_not_passed_over_either() {
    let field = json!({"name": "age", "type": "int64", "grade": "general-1", "closed_to": "university"});
    let meta = json!({
        "id": "hospital-a/screening", "title": "t", "provider": "p", "path": [], "grade": "general-1",
        "sharing": "conditional", "update_cycle": "daily", "fields": [field], "rows_about": 0
    });
    let digest = qianmo_crypto::sm3::digest(b"d").to_string();
    let added = json!({"fact": "data-added", "meta": meta, "descriptor": digest});
    assert_eq!(read(added).unwrap_err(), NoFact::Unread("meta.fields.closed_to".into()));
}
