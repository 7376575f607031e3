//! The shipped model `glm`: three hospitals' slices give what the pooled data give, and both give what
//! scikit-learn gives.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{column_x, field, glm, job, pooled, screening};
use qianmo_sandbox::{
    Column, ColumnData, ColumnType, CoordinatorJob, ErrorCode, MemTable, RunError, Step, TableSource as _,
    Update, Vector,
};

const PARAMS: &str = r#"{"target":"benign","max_rounds":25,"l2":1.0,"tolerance":1e-10}"#;

/// A run over the given sites, to its end. Returns the last state and the number of rounds.
fn run(sites: &[MemTable], params: &str) -> Result<(Vec<Vector>, u32), RunError> {
    let mut state = Vec::new();
    for round in 0.. {
        let mut total: Option<Update> = None;
        for site in sites {
            let update = glm().contribute(job(site.clone(), params), round, &state).result?;
            match &mut total {
                Some(total) => total.add(&update).unwrap(),
                None => total = Some(update),
            }
        }
        let count = u32::try_from(sites.len()).unwrap();
        let step = glm().next(CoordinatorJob::new(params), round, &state, &total.unwrap(), count).result?;
        let Step { state: next, done } = step;
        state = next;
        if done {
            return Ok((state, round + 1));
        }
    }
    unreachable!("the rounds do not end")
}

fn values<'a>(state: &'a [Vector], name: &str) -> &'a [f64] {
    &state.iter().find(|vector| vector.name == name).unwrap().values
}

#[test]
fn three_hospitals_fit_what_the_pooled_data_fit_and_what_scikit_learn_fits() {
    let slices = ["a", "b", "c"].map(screening);
    assert_eq!(slices.each_ref().map(MemTable::rows).iter().sum::<usize>(), 569);
    let (federated, rounds) = run(&slices, PARAMS).unwrap();
    let (whole, _) = run(&[pooled()], PARAMS).unwrap();

    let (w, pooled) = (values(&federated, "w"), values(&whole, "w"));
    assert_eq!(w.len(), 31);
    assert!(w.iter().zip(pooled).all(|(one, other)| (one - other).abs() < 1e-9));

    // scikit-learn 1.9.1: StandardScaler, LogisticRegression(C=1.0, tol=1e-12), all 569 rows.
    for (got, want) in w.iter().zip([0.214_502_72, -0.363_092_53, -0.387_675_44, -0.351_062_12]) {
        assert!((got - want).abs() < 5e-9, "{got} is not {want}");
    }
    assert_eq!(values(&federated, "steps"), [10.0]);
    assert_eq!(rounds, 13, "two for means and deviations, ten steps, one for the verdict");
    assert_eq!(values(&federated, "correct"), [562.0]);
    assert!((values(&federated, "accuracy")[0] - 0.98770).abs() < 5e-6);
    assert!((values(&federated, "deviance")[0] - values(&whole, "deviance")[0]).abs() < 1e-9);

    // Every number with its name, in the order of the tables.
    assert_eq!(values(&federated, "w:(intercept)"), [w[0]]);
    for (index, field) in slices[0].schema().iter().filter(|field| field.name != "benign").enumerate() {
        assert_eq!(values(&federated, &format!("w:{}", field.name)), [w[index + 1]]);
        assert_eq!(values(&federated, &format!("sd:{}", field.name)), [values(&federated, "sd")[index]]);
        assert_eq!(values(&federated, &format!("mean:{}", field.name)), [values(&federated, "mean")[index]]);
    }
}

#[test]
fn updates_are_sums_whose_longest_axis_is_the_number_of_parameters() {
    let mut state = Vec::new();
    let mut shapes = Vec::new();
    for round in 0..3 {
        let update = glm().contribute(job(screening("a"), PARAMS), round, &state).result.unwrap();
        assert_eq!(update.samples, 120);
        let sums = update.vectors.iter().filter(|vector| !vector.name.starts_with("position:"));
        shapes.push(sums.map(|vector| vector.shape.clone()).collect::<Vec<_>>());
        state = glm().next(CoordinatorJob::new(PARAMS), round, &state, &update, 1).result.unwrap().state;
    }
    assert_eq!(shapes, [vec![vec![30]], vec![vec![30], vec![30]], vec![vec![31], vec![31, 16]]]);
}

#[test]
fn the_same_round_gives_the_same_update_for_the_same_fuel() {
    let [one, other] = [0, 0].map(|round| glm().contribute(job(screening("b"), PARAMS), round, &[]));
    assert_eq!(one.result, other.result);
    assert_eq!(one.usage, other.usage);
    assert_eq!(one.usage.rows_read, 189);
}

fn table(x: Vec<f64>, y: Vec<f64>) -> MemTable {
    let fields = vec![field("x", ColumnType::Float64), field("y", ColumnType::Float64)];
    let columns = vec![Column::new(ColumnData::F64(x)), Column::new(ColumnData::F64(y))];
    MemTable::new("t", fields, columns).unwrap()
}

fn refused(table: MemTable) -> (ErrorCode, String) {
    match run(&[table], r#"{"target":"y"}"#) {
        Err(RunError::Model { code, message }) => (code, message),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn data_that_cannot_be_fitted_are_refused_with_the_reason() {
    let (code, message) = refused(table(vec![1.0, 2.0], vec![0.0, 2.0]));
    assert_eq!((code, message.contains("other than 0 and 1")), (ErrorCode::BadSchema, true), "{message}");
    let (code, message) = refused(table(vec![5.0, 5.0], vec![0.0, 1.0]));
    let told = message.contains("constant over all sites: `x`");
    assert_eq!((code, told), (ErrorCode::Numeric, true), "{message}");
    let (code, message) = refused(table(vec![1.0, 2.0], vec![1.0, 1.0]));
    assert_eq!((code, message.contains("`y` is 1 in all rows")), (ErrorCode::Numeric, true), "{message}");
    let (code, message) = refused(table(vec![1e200, 2.0], vec![0.0, 1.0]));
    let told = message.contains("`x` has values too large");
    assert_eq!((code, told), (ErrorCode::Numeric, true), "{message}");
    let (code, message) = refused(table(vec![1.0, f64::INFINITY], vec![0.0, 1.0]));
    assert_eq!((code, message.contains("infinite")), (ErrorCode::Numeric, true), "{message}");
    let (code, _) = refused(table(vec![], vec![]));
    assert_eq!(code, ErrorCode::NoData);
    let (code, message) = refused(column_x(vec![1.0]));
    assert_eq!((code, message.contains("no column `y`")), (ErrorCode::BadSchema, true), "{message}");

    let x = Column { data: ColumnData::F64(vec![1.0, 2.0]), validity: Some(vec![0b01]) };
    let y = Column::new(ColumnData::F64(vec![0.0, 1.0]));
    let nullable = qianmo_sandbox::Field { nullable: true, ..field("x", ColumnType::Float64) };
    let fields = vec![nullable, field("y", ColumnType::Float64)];
    let (code, message) = refused(MemTable::new("t", fields, vec![x, y]).unwrap());
    assert_eq!((code, message.contains("`x` has missing values")), (ErrorCode::BadSchema, true), "{message}");
}

#[test]
fn parameters_that_do_not_fit_are_refused() {
    for params in ["{}", r#"{"target":"y","typo":1}"#, r#"{"target":"y","l2":-1}"#, "not JSON"] {
        let outcome = glm().contribute(job(table(vec![1.0], vec![0.0]), params), 0, &[]);
        assert!(
            matches!(outcome.result, Err(RunError::Model { code: ErrorCode::BadParams, .. })),
            "{params}: {:?}",
            outcome.result
        );
    }
}

#[test]
fn a_feature_that_tells_the_target_is_named_if_nothing_bounds_its_coefficient() {
    let x: Vec<f64> = (0..40).map(|step| f64::from(step) - 19.5).collect();
    let y = x.iter().map(|x| f64::from(*x > 0.0)).collect();
    let error = run(&[table(x, y)], r#"{"target":"y","l2":0}"#).unwrap_err().to_string();
    assert!(error.contains("the coefficient of `x`") && error.contains("raise `l2`"), "{error}");
}

#[test]
fn a_state_cannot_ask_for_features_that_the_parameters_do_not_name() {
    let params = r#"{"target":"benign","features":["mean_radius","mean_texture"]}"#;
    let update = glm().contribute(job(screening("a"), params), 0, &[]).result.unwrap();
    let step = glm().next(CoordinatorJob::new(params), 0, &[], &update, 1).result.unwrap();
    let mut state = step.state;
    let named = state.iter_mut().find(|vector| vector.name == "w:mean_texture").unwrap();
    named.name = "w:mean_area".to_owned();
    let error = glm().contribute(job(screening("a"), params), 1, &state).result.unwrap_err().to_string();
    assert!(error.contains("the run has the features mean_area, mean_radius"), "{error}");
}

#[test]
fn sites_whose_columns_differ_are_told_apart_by_name() {
    let renamed = {
        let fields = vec![field("z", ColumnType::Float64), field("y", ColumnType::Float64)];
        let columns = [vec![1.0, 2.0], vec![0.0, 1.0]].map(|values| Column::new(ColumnData::F64(values)));
        MemTable::new("t", fields, columns.into()).unwrap()
    };
    let [mut one, other] = [table(vec![1.0, 2.0], vec![0.0, 1.0]), renamed]
        .map(|table| glm().contribute(job(table, r#"{"target":"y"}"#), 0, &[]).result.unwrap());
    let error = one.add(&other).unwrap_err().to_string();
    assert!(error.contains("position:x") && error.contains("position:z"), "{error}");
}

#[test]
fn updates_of_other_shapes_cannot_be_added() {
    let mut one = glm().contribute(job(screening("a"), PARAMS), 0, &[]).result.unwrap();
    let before = one.clone();
    let other =
        glm().contribute(job(table(vec![1.0], vec![1.0]), r#"{"target":"y"}"#), 0, &[]).result.unwrap();
    assert!(one.add(&other).unwrap_err().to_string().contains("different parts"));
    assert_eq!(one, before);
}

#[test]
fn an_analysis_takes_no_part_in_rounds_nor_the_reverse() {
    let outcome = glm().analyse(job(screening("a"), PARAMS));
    assert_eq!(outcome.result.unwrap_err(), RunError::World { world: "federated", function: "run" });
    let outcome = common::stats().contribute(job(screening("a"), "{}"), 0, &[]);
    assert_eq!(outcome.result.unwrap_err(), RunError::World { world: "analysis", function: "contribute" });
}
