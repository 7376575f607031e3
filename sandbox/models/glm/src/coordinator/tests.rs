use qianmo_guest::{ErrorCode, UpdateBuilder, vector};

use super::*;

fn params(max_rounds: u32) -> Params {
    Params { table: None, target: "y".to_owned(), features: None, max_rounds, l2: 1.0, tolerance: 1e-10 }
}

/// Two sites with the same mark unless told otherwise.
fn moments(sum: f64, squares: f64, marks: [f64; 2]) -> Update {
    UpdateBuilder::new(10)
        .vector(vector("sum", vec![sum]))
        .vector(vector("sum_of_squares", vec![squares]))
        .metric("columns", marks.iter().sum())
        .metric("columns_squared", marks.iter().map(|mark| mark * mark).sum())
        .build()
}

fn sums(gradient: [f64; 2], hessian: [f64; 4]) -> Update {
    let hessian = Vector { name: "hessian".to_owned(), shape: vec![2, 2], values: hessian.to_vec() };
    UpdateBuilder::new(10).vector(vector("gradient", gradient.to_vec())).vector(hessian).build()
}

#[test]
fn the_first_round_standardises() {
    let state = advance(&params(25), None, &moments(20.0, 50.0, [7.0, 7.0]), 2).unwrap();
    assert_eq!((state.mean[0], state.sd[0]), (2.0, 1.0));
    assert_eq!(state.w, [0.0, 0.0]);
}

#[test]
fn sites_with_other_columns_and_constant_features_are_refused() {
    let other = advance(&params(25), None, &moments(20.0, 50.0, [7.0, 8.0]), 2).unwrap_err();
    assert_eq!(other.code, ErrorCode::BadSchema);
    let constant = advance(&params(25), None, &moments(20.0, 40.0, [7.0, 7.0]), 2).unwrap_err();
    assert_eq!(constant.code, ErrorCode::Numeric);
    assert!(constant.message.contains("feature 1 is constant"), "{}", constant.message);
}

#[test]
fn the_intercept_is_not_penalised() {
    let state = advance(&params(25), None, &moments(20.0, 50.0, [7.0, 7.0]), 2).unwrap();
    let state = State { w: vec![3.0, 5.0], ..state };
    let (gradient, hessian) = penalised(2.0, &state.w, &sums([1.0, 1.0], [4.0, 1.0, 1.0, 4.0])).unwrap();
    assert_eq!(gradient, [1.0, 11.0]);
    assert_eq!(hessian, [4.0, 1.0, 1.0, 6.0]);
}

#[test]
fn small_steps_end_the_fit_and_too_many_are_an_error() {
    let start = advance(&params(25), None, &moments(20.0, 50.0, [7.0, 7.0]), 2).unwrap();
    let at_rest =
        advance(&params(25), Some(start.clone()), &sums([0.0, 0.0], [4.0, 0.0, 0.0, 4.0]), 2).unwrap();
    assert_eq!(at_rest.phase, Phase::Evaluate);
    let moving = sums([1.0, 1.0], [4.0, 0.0, 0.0, 4.0]);
    let error = advance(&params(1), Some(start), &moving, 2).unwrap_err();
    assert_eq!(error.code, ErrorCode::Numeric);
    assert!(error.message.contains("no convergence in 1 steps"), "{}", error.message);
}

#[test]
fn the_last_round_gives_the_verdict() {
    let start = advance(&params(25), None, &moments(20.0, 50.0, [7.0, 7.0]), 2).unwrap();
    let state = State { phase: Phase::Evaluate, ..start };
    let total = UpdateBuilder::new(10).metric("correct", 9.0).metric("deviance", 3.5).build();
    let state = advance(&params(25), Some(state), &total, 2).unwrap();
    assert_eq!(state.phase, Phase::Done);
    assert_eq!(state.fit, Some(Fit { samples: 10.0, correct: 9.0, deviance: 3.5 }));
    assert!(advance(&params(25), Some(state), &total, 2).is_err());
}
