//! Parameters of an order: JSON from the command line or a file, written canonically (keys sorted, no
//! blanks), so that the same parameters always have the same digest.

use std::path::Path;

use qianmo_proto::limits;
use serde_json::{Value, value::RawValue};

use super::{
    exit::{Fault, read_text},
    words::msg,
};

/// Parses `--params`: JSON, or `@file`.
pub(crate) fn parse(given: &str) -> Result<Box<RawValue>, Fault> {
    let text = match given.strip_prefix('@') {
        Some(file) => read_text(Path::new(file))?,
        None => given.to_owned(),
    };
    let value: Value =
        serde_json::from_str(&text).map_err(|e| Fault::input(msg("params-no-json").with("error", e)))?;
    let mut canonical = String::new();
    write(&value, &mut canonical);
    if canonical.len() > limits::PARAMS_BYTES {
        let text = msg("params-long").count("bytes", canonical.len()).count("limit", limits::PARAMS_BYTES);
        return Err(Fault::input(text));
    }
    raw(canonical)
}

/// No parameters: an empty object.
pub(crate) fn none() -> Result<Box<RawValue>, Fault> {
    raw("{}".to_owned())
}

fn raw(text: String) -> Result<Box<RawValue>, Fault> {
    RawValue::from_string(text).map_err(|e| Fault::failed(msg("unserialisable").with("error", e)))
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            list(out, ['{', '}'], entries, |(key, value), out| {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(value, out);
            });
        }
        Value::Array(items) => list(out, ['[', ']'], items, write),
        plain => out.push_str(&plain.to_string()),
    }
}

fn list<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    each: impl Fn(T, &mut String),
) {
    out.push(open);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parameters_have_the_same_bytes() {
        let canonical = |text| parse(text).unwrap().get().to_owned();
        assert_eq!(
            canonical(r#" { "b" : [1, 2.50, "中\"文"], "a" : {"z":null,"y":true} } "#),
            r#"{"a":{"y":true,"z":null},"b":[1,2.5,"中\"文"]}"#
        );
        assert_eq!(canonical("{}"), none().unwrap().get());
        assert_eq!(canonical("[]"), "[]");
    }

    #[test]
    fn bad_parameters_are_refused_with_advice() {
        assert!(parse("{a:1}").unwrap_err().to_string().contains("@file"));
        assert!(parse("@/no/such/file").unwrap_err().to_string().contains("/no/such/file"));
        let long = format!("\"{}\"", "x".repeat(limits::PARAMS_BYTES));
        assert!(parse(&long).unwrap_err().to_string().contains("limit"));
    }

    proptest::proptest! {
        #[test]
        fn canonical_text_is_its_own_canonical_text(keys in proptest::collection::vec("[a-c中]{0,2}", 0..5)) {
            let map: serde_json::Map<_, _> = keys.into_iter().map(|k| (k, Value::from(0.1))).collect();
            let once = parse(&Value::from(map.clone()).to_string()).unwrap();
            let twice = parse(once.get()).unwrap();
            proptest::prop_assert_eq!(twice.get(), once.get());
            proptest::prop_assert_eq!(serde_json::from_str::<Value>(once.get()).unwrap(), Value::from(map));
        }
    }
}
