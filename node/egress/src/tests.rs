use qianmo_proto::result::{Cells, NamedVector, ResultColumn, ResultTable};

use super::*;

/// Those of a contract on `age` and `town`, for an order that names a town.
fn limits() -> Limits {
    let fields = ["age", "town"].map(|name| name.parse().unwrap());
    let words = Words::of(&fields, r#"{"group_by":"town","groups":["north"],"min_cell":10}"#);
    Limits {
        min_cell: 10,
        parameters_per_row: 0.33,
        max_bytes: 1 << 20,
        strings: false,
        words,
        review: false,
    }
}

fn computed(samples: u64, rows_read: u64) -> Computed {
    Computed { document: ResultDoc { samples, ..ResultDoc::default() }, rows_read }
}

fn vector(shape: &[u32]) -> NamedVector {
    let n = shape.iter().product::<u32>() as usize;
    NamedVector { name: "v".into(), shape: shape.to_vec(), values: vec![0.5; n] }
}

fn table(contributors: &[u32], cells: Cells) -> ResultTable {
    ResultTable {
        name: "t".into(),
        columns: vec![ResultColumn { name: "c".into(), cells }],
        contributors: contributors.to_vec(),
    }
}

fn broken(computed: &Computed, limits: &Limits) -> Vec<String> {
    let (verdict, reasons) = judge(computed, limits).unwrap();
    let rules: Vec<_> =
        reasons.iter().filter(|r| r.text.starts_with("broken")).map(|r| r.rule.clone()).collect();
    assert_eq!(matches!(verdict, Verdict::Held(_)), !rules.is_empty());
    rules
}

#[test]
fn a_glm_round_passes_from_94_rows_on() {
    let round = |rows| {
        let mut result = computed(rows, rows);
        result.document.vectors = vec![vector(&[31]), vector(&[31, 31])];
        broken(&result, &limits())
    };
    assert!(round(94).is_empty());
    assert_eq!(round(93), ["parameters"]);
}

#[test]
fn more_axes_cannot_hide_parameters() {
    let mut result = computed(100, 100);
    result.document.vectors = vec![vector(&[5, 5, 5])];
    assert_eq!(broken(&result, &limits()), ["parameters"]);
}

#[test]
fn small_cells_are_held_and_the_error_tells_no_figure() {
    let mut result = computed(500, 500);
    result.document.tables = vec![table(&[100, 9, 391], Cells::Int(vec![Some(1), Some(2), None]))];
    assert_eq!(broken(&result, &limits()), ["min-cell"]);
    let (verdict, _) = judge(&result, &limits()).unwrap();
    let Verdict::Held(held) = verdict else { panic!("released") };
    assert_eq!(held.error.code, ErrorCode::Held);
    assert!(!held.error.message.contains('9'), "{}", held.error.message);
    assert_eq!(broken(&computed(9, 9), &limits()), ["min-cell"]);
    assert!(broken(&computed(10, 10), &limits()).is_empty());
}

#[test]
fn a_finding_is_told_in_both_languages_and_one_is_no_plural() {
    let mut result = computed(120, 120);
    result.document.tables = vec![table(&[1, 119], Cells::Int(vec![Some(1), Some(2)]))];
    let (_, reasons) = judge(&result, &limits()).unwrap();
    let found = reasons.iter().find(|reason| reason.rule == "min-cell").unwrap();
    assert_eq!(found.text, "broken: the smallest cell has 1 contributor; at least 10 are needed");
    assert_eq!(found.text_zh.as_deref(), Some("违反：记录最少的单元格有 1 条贡献记录；至少需要 10 条"));
    assert!(reasons.iter().all(|reason| reason.text_zh.is_some()));
}

#[test]
fn a_model_cannot_claim_more_samples_than_rows() {
    assert_eq!(broken(&computed(1_000, 9), &limits()), ["samples", "min-cell"]);
}

#[test]
fn text_and_size_need_leave() {
    let mut result = computed(50, 50);
    result.document.tables = vec![table(&[50], Cells::Text(vec![Some("name".into())]))];
    assert_eq!(broken(&result, &limits()), ["strings"]);
    assert!(broken(&result, &Limits { strings: true, ..limits() }).is_empty());
    assert_eq!(broken(&result, &Limits { strings: true, max_bytes: 20, ..limits() }), ["output-size"]);
    assert_eq!(broken(&computed(50, 50), &Limits { review: true, ..limits() }), ["review"]);
}

#[test]
fn text_that_was_known_before_needs_no_leave() {
    let held = |texts: &[Option<&str>]| {
        let mut result = computed(50, 50);
        let texts: Vec<_> = texts.iter().map(|text| text.map(str::to_owned)).collect();
        result.document.tables = vec![table(&vec![50; texts.len()], Cells::Text(texts))];
        broken(&result, &limits())
    };
    assert!(held(&[Some("age"), Some("north"), None]).is_empty());
    assert!(held(&[]).is_empty());
    for cell in ["south", "North", "age ", "", "min_cell", "10"] {
        assert_eq!(held(&[Some("age"), Some(cell)]), ["strings"], "{cell:?}");
    }
    // Parameters that are no JSON name nothing.
    let words = Words::of(&[], "north");
    let mut result = computed(50, 50);
    result.document.tables = vec![table(&[50], Cells::Text(vec![Some("north".into())]))];
    assert_eq!(broken(&result, &Limits { words, ..limits() }), ["strings"]);
}

#[test]
fn a_stored_result_must_be_the_recorded_one() {
    let digest = sm3::digest(b"{}");
    assert_eq!(readmit(b"{}".to_vec(), &digest).unwrap().bytes(), b"{}");
    assert!(readmit(b"{ }".to_vec(), &digest).is_err());
}

#[test]
fn under_review_what_is_broken_is_not_told() {
    let limits = Limits { review: true, ..limits() };
    let told = |computed: &Computed| match judge(computed, &limits).unwrap().0 {
        Verdict::Held(held) => held.error,
        Verdict::Released(_) => panic!("released"),
    };
    let mut table_of_text = computed(500, 500);
    table_of_text.document.tables = vec![table(&[9, 491], Cells::Text(vec![None, Some("x".into())]))];
    assert_eq!(told(&computed(500, 500)), told(&table_of_text));
}
