use serde_json::json;

use super::*;
use crate::testing::draft;

fn full() -> Event {
    let digest = qianmo_crypto::sm3::digest(b"x");
    let draft = EventDraft {
        xid: Some("x-1".into()),
        target: Some(Target {
            kind: "dataset".into(),
            name: "a/screening".into(),
            grade: Some("general-3".into()),
        }),
        peer: Some(Peer { id: "qianmo://b/node/main".into(), cert: Some(digest) }),
        purpose: Some(Purpose { text: "统计".into(), until_ms: Some(9), ..Purpose::default() }),
        model: Some(Model { fuel: Some(u64::MAX), ..Model::new(digest) }),
        data: Some(Data { digest, bytes: Some(1), rows: None }),
        outcome: Some(Outcome { result: Ending::Denied, code: Some("QM-1203".into()), reason: None }),
        receipt: Some(Receipt { seq: 4, digest }),
        body: Some(json!({"coefficients": [0.1, -1e-300], "名": null})),
        ..draft("job-1", Stage::Outcome, 1_700_000_000_000)
    };
    draft.into_event(17)
}

/// The event as JSON with one change made to it.
fn changed(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Vec<u8> {
    let mut value = serde_json::to_value(full()).unwrap();
    change(value.as_object_mut().unwrap());
    serde_json::to_vec(&value).unwrap()
}

#[test]
fn an_event_is_read_as_it_was_written() {
    assert_eq!(Event::parse(&full().to_entry().unwrap()).unwrap(), full());
    let short = draft("a", Stage::Fact, -1).into_event(0);
    assert_eq!(Event::parse(&short.to_entry().unwrap()).unwrap(), short);
}

#[test]
fn the_layout_is_frozen() {
    let entry = draft("job-1", Stage::Intent, 5).into_event(3).to_entry().unwrap();
    assert_eq!(
        String::from_utf8(entry).unwrap(),
        r#"{"v":1,"seq":3,"id":"job-1","stage":"intent","time_ms":5,"actor":{"id":"qianmo://hospital-a/node/main"},"action":"job.run"}"#
    );
}

#[test]
fn unknown_fields_are_refused_at_every_level() {
    for part in ["actor", "target", "peer", "purpose", "model", "data", "outcome", "receipt"] {
        let entry = changed(|event| {
            event[part].as_object_mut().unwrap().insert("extra".into(), json!(1));
        });
        assert!(matches!(Event::parse(&entry), Err(EventError::Schema(_))), "{part}");
    }
    let entry = changed(|event| {
        event.insert("extra".into(), json!(1));
    });
    assert!(matches!(Event::parse(&entry), Err(EventError::Schema(_))));
}

#[test]
fn wrong_types_and_missing_fields_are_refused() {
    for field in ["v", "seq", "id", "stage", "time_ms", "actor", "action"] {
        let missing = changed(|event| {
            event.remove(field);
        });
        assert!(matches!(Event::parse(&missing), Err(EventError::Schema(_))), "{field}");
        for value in [json!(1.5), json!([]), json!(true)] {
            let entry = changed(|event| {
                event.insert(field.into(), value.clone());
            });
            assert!(matches!(Event::parse(&entry), Err(EventError::Schema(_))), "{field} = {value}");
        }
    }
    let twice =
        br#"{"v":1,"v":1,"seq":3,"id":"a","stage":"fact","time_ms":5,"actor":{"id":"n"},"action":"a.b"}"#;
    assert!(matches!(Event::parse(twice), Err(EventError::Schema(_))));
}

#[test]
fn a_newer_version_is_named_as_such() {
    let entry = changed(|event| {
        event.insert("v".into(), json!(2));
    });
    assert_eq!(Event::parse(&entry), Err(EventError::Version(2)));
    assert_eq!(Event::parse(br#"{"v":7,"anything":[]}"#), Err(EventError::Version(7)));
    let older = changed(|event| {
        event.insert("v".into(), json!(0));
    });
    assert_eq!(Event::parse(&older), Err(EventError::Version(0)));
}

#[test]
fn stage_and_outcome_must_agree() {
    let outcome = Some(Outcome::OK);
    for (stage, outcome, fine) in [
        (Stage::Intent, None, true),
        (Stage::Intent, outcome.clone(), false),
        (Stage::Outcome, None, false),
        (Stage::Outcome, outcome.clone(), true),
        (Stage::Fact, None, true),
        (Stage::Fact, outcome, true),
    ] {
        let event = EventDraft { outcome, ..draft("a", stage, 0) }.into_event(0);
        assert_eq!(event.to_entry().is_ok(), fine, "{event:?}");
    }
}

#[test]
fn ids_are_plain_and_bounded() {
    for (id, fine) in
        [("a", true), ("job-0.1:b_C", true), ("", false), ("a b", false), ("阡", false), ("a\n", false)]
    {
        assert_eq!(draft(id, Stage::Fact, 0).into_event(0).to_entry().is_ok(), fine, "{id:?}");
        let xid = EventDraft { xid: Some(id.into()), ..draft("a", Stage::Fact, 0) };
        assert_eq!(xid.into_event(0).to_entry().is_ok(), fine, "{id:?}");
    }
    assert!(draft(&"a".repeat(72), Stage::Fact, 0).into_event(0).to_entry().is_ok());
    assert!(draft(&"a".repeat(73), Stage::Fact, 0).into_event(0).to_entry().is_err());
}

#[test]
fn a_leaf_has_at_most_65535_bytes() {
    let sized = |n: usize| {
        let body = Some(Value::String("x".repeat(n)));
        EventDraft { body, ..draft("a", Stage::Fact, 0) }.into_event(0).to_entry()
    };
    let overhead = sized(0).unwrap().len();
    assert_eq!(sized(MAX_ENTRY_BYTES - overhead).unwrap().len(), 65_535);
    assert_eq!(sized(MAX_ENTRY_BYTES - overhead + 1), Err(EventError::TooLong(65_536)));
    assert_eq!(Event::parse(&vec![b' '; 65_536]), Err(EventError::TooLong(65_536)));
}

#[test]
fn actions_have_the_shape_noun_verb() {
    const RUN: Action = Action::from_static("job.run");
    assert_eq!((RUN.noun(), RUN.verb(), RUN.as_str()), ("job", "run", "job.run"));
    assert_eq!("job.run".parse(), Ok(RUN));
    assert_eq!("k-2.roll-over".parse::<Action>().unwrap().verb(), "roll-over");
    let long = format!("{}.b", "a".repeat(33));
    for bad in [
        "", ".", "job", "job.", ".run", "job..run", "a.b.c", "Job.run", "job.2", "-a.b", "a b.c", "工.作",
        &long,
    ] {
        assert_eq!(bad.parse::<Action>(), Err(EventError::Action(bad.into())), "{bad}");
        assert!(serde_json::from_value::<Action>(json!(bad)).is_err());
    }
}
