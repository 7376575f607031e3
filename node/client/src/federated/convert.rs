//! Between the sandbox's types and the wire's, same meaning, separate types.

use qianmo_proto::{
    ErrorCode, ResultDoc, WireError,
    result::{self as proto, NamedVector},
};
use qianmo_sandbox::{Metric, Update, Vector};

/// A state or an update's vectors, as the sandbox takes them.
pub fn to_sandbox(vectors: &[NamedVector]) -> Vec<Vector> {
    vectors
        .iter()
        .map(|v| Vector { name: v.name.clone(), shape: v.shape.clone(), values: v.values.clone() })
        .collect()
}

/// Vectors as they cross the wire.
pub fn from_sandbox(vectors: Vec<Vector>) -> Vec<NamedVector> {
    vectors.into_iter().map(|v| NamedVector { name: v.name, shape: v.shape, values: v.values }).collect()
}

/// A site's result document as a round's update. Tables have no place in one.
pub(super) fn to_update(document: &ResultDoc) -> Result<Update, WireError> {
    if !document.tables.is_empty() {
        let text = "the site sent tables, which a federated round does not have; is the model federated?";
        return Err(WireError::new(ErrorCode::ModelFailed, text));
    }
    let metric = |m: &proto::Metric| Metric { name: m.name.clone(), value: m.value };
    Ok(Update {
        samples: document.samples,
        vectors: to_sandbox(&document.vectors),
        metrics: document.metrics.iter().map(metric).collect(),
    })
}

#[cfg(test)]
mod tests {
    use qianmo_proto::result::ResultTable;

    use super::*;

    #[test]
    fn numbers_keep_their_bits_on_the_way() {
        let values = vec![0.1, -0.0, f64::MIN_POSITIVE, 1.0 / 3.0, 1e300];
        let state = [Vector { name: "w".into(), shape: vec![5], values: values.clone() }];
        let json = serde_json::to_string(&from_sandbox(state.to_vec())).unwrap();
        let vectors: Vec<NamedVector> = serde_json::from_str(&json).unwrap();
        let document = ResultDoc { samples: 3, vectors, ..ResultDoc::default() };
        let back = to_update(&document).unwrap();
        assert_eq!((back.samples, back.vectors[0].shape.as_slice()), (3, &[5][..]));
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back.vectors[0].values), bits(&values));
    }

    #[test]
    fn tables_are_no_update() {
        let table = ResultTable { name: "t".into(), columns: vec![], contributors: vec![] };
        let document = ResultDoc { tables: vec![table], ..ResultDoc::default() };
        assert!(to_update(&document).is_err());
    }
}
