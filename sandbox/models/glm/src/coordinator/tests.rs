use qianmo_guest::{ErrorCode, UpdateBuilder, labelled, vector};

use super::*;

fn params(max_rounds: u32) -> Params {
    Params { table: None, target: "y".to_owned(), features: None, max_rounds, l2: 1.0, tolerance: 1e-10 }
}

/// The first round's total over ten rows: `b` stands before `a` at the sites.
fn sums(a: f64, b: f64, positives: f64) -> Update {
    let update = UpdateBuilder::new(10).vector(vector("sum", vec![a, b])).metric("positives", positives);
    labelled(POSITION, ["a", "b"], &[2.0, 0.0]).fold(update, UpdateBuilder::vector).build()
}

/// The second round's.
fn deviations(deviation: [f64; 2], square: [f64; 2]) -> Update {
    UpdateBuilder::new(10)
        .vector(vector("deviation", deviation.to_vec()))
        .vector(vector("square", square.to_vec()))
        .build()
}

/// A Newton round's of one feature, with half of its Hessian.
fn derivatives(gradient: [f64; 2], [intercept, both, feature]: [f64; 3]) -> Update {
    let values = vec![intercept, both, feature, both];
    let hessian = Vector { name: "hessian".to_owned(), shape: vec![2, 2], values };
    UpdateBuilder::new(10).vector(vector("gradient", gradient.to_vec())).vector(hessian).build()
}

/// One feature, standardised.
fn state() -> State {
    State {
        phase: Phase::Newton,
        steps: 0.0,
        last_step: 0.0,
        features: vec!["x".to_owned()],
        mean: vec![2.0],
        sd: vec![1.0],
        w: vec![0.0, 0.0],
        fit: None,
    }
}

fn refused(result: Result<State, Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.code, ErrorCode::Numeric);
    error.message
}

#[test]
fn the_first_rounds_standardise_in_the_order_of_the_sites() {
    let first = advance(&params(25), None, &sums(20.0, 35.0, 4.0)).unwrap();
    assert_eq!((first.phase, first.features.as_slice()), (Phase::Deviations, &["b".into(), "a".into()][..]));
    assert_eq!(first.mean, [3.5, 2.0]);
    // The mean was 0.5 too large; about 3.0 the squares add up to 40.
    let second = advance(&params(25), Some(first), &deviations([-5.0, 0.0], [42.5, 10.0])).unwrap();
    assert_eq!((second.phase, second.mean, second.sd), (Phase::Newton, vec![3.0, 2.0], vec![2.0, 1.0]));
    assert_eq!(second.w, [0.0; 3]);
}

#[test]
fn constant_features_and_a_constant_target_are_named() {
    let first = advance(&params(25), None, &sums(20.0, 35.0, 4.0)).unwrap();
    let message = refused(advance(&params(25), Some(first), &deviations([0.0, 1e-6], [9.0, 1e-13])));
    assert!(message.contains("constant over all sites: `a`"), "{message}");
    for (positives, told) in [(0.0, "`y` is 0"), (10.0, "`y` is 1")] {
        let message = refused(advance(&params(25), None, &sums(20.0, 35.0, positives)));
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn the_intercept_is_not_penalised() {
    let w = [3.0, 5.0];
    let (gradient, hessian) = penalised(2.0, &w, &derivatives([1.0, 1.0], [4.0, 1.0, 4.0])).unwrap();
    assert_eq!(gradient, [1.0, 11.0]);
    assert_eq!(hessian, [4.0, 1.0, 1.0, 6.0]);
}

#[test]
fn small_steps_end_the_fit_and_too_many_are_an_error_that_names_the_feature() {
    let at_rest = advance(&params(25), Some(state()), &derivatives([0.0, 0.0], [4.0, 0.0, 4.0])).unwrap();
    assert_eq!(at_rest.phase, Phase::Evaluate);
    let moving = derivatives([1.0, -10.0], [4.0, 0.0, 4.0]);
    let message = refused(advance(&params(1), Some(state()), &moving));
    assert!(message.contains("no convergence in 1 steps: the coefficient of `x` is 2e0"), "{message}");
    let intercept = derivatives([9.0, 1.0], [4.0, 0.0, 4.0]);
    assert!(refused(advance(&params(1), Some(state()), &intercept)).contains("`(intercept)` is -2.25e0"));
}

#[test]
fn a_feature_that_depends_on_others_is_named() {
    let params = Params { l2: 0.0, ..params(25) };
    let message = refused(advance(&params, Some(state()), &derivatives([1.0, 1.0], [4.0, 4.0, 4.0])));
    assert!(message.contains("`x` can be computed from the features before it"), "{message}");
}

#[test]
fn the_last_round_gives_the_verdict() {
    let state = State { phase: Phase::Evaluate, ..state() };
    let total = UpdateBuilder::new(10).metric("correct", 9.0).metric("deviance", 3.5).build();
    let state = advance(&params(25), Some(state), &total).unwrap();
    assert_eq!(state.phase, Phase::Done);
    assert_eq!(state.fit, Some(Fit { samples: 10.0, correct: 9.0, deviance: 3.5 }));
    assert!(advance(&params(25), Some(state), &total).is_err());
}
