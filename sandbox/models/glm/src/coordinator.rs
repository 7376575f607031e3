//! The coordinator's half of a round: from the sums to the next coefficients.

use qianmo_guest::{Error, Level, Step, Update, Vector, find, log};

use crate::linalg::solve;
use crate::params::Params;
use crate::site::COLUMNS;
use crate::state::{Fit, Phase, State};

/// A feature whose variance is under this share of its mean square is constant, but for rounding.
const CONSTANT: f64 = 1e-12;

pub(crate) fn next(round: u32, state: &[Vector], total: &Update, sites: u32) -> Result<Step, Error> {
    let state = advance(&Params::of_job()?, State::from_vectors(state)?, total, sites)?;
    log(Level::Info, &format!("round {round}: largest step {:e}", state.last_step));
    Ok(Step { done: state.phase == Phase::Done, state: state.to_vectors() })
}

fn advance(params: &Params, state: Option<State>, total: &Update, sites: u32) -> Result<State, Error> {
    if total.samples == 0 {
        return Err(Error::no_data("the sites have no rows"));
    }
    let Some(state) = state else {
        check_columns(total, sites)?;
        return start(total);
    };
    match state.phase {
        Phase::Newton => newton(params, state, total),
        Phase::Evaluate => evaluate(state, total),
        Phase::Done => Err(Error::internal("the run is over")),
    }
}

/// The sites' marks are equal exactly if the mean of their squares is the square of their mean.
fn check_columns(total: &Update, sites: u32) -> Result<(), Error> {
    let [sum, squares] = COLUMNS.map(|name| metric(total, name));
    let (sum, squares) = (sum?, squares?);
    if squares * f64::from(sites) != sum * sum {
        return Err(Error::bad_schema(
            "the sites do not have the same columns in the same order; name them in the parameter `features`",
        ));
    }
    Ok(())
}

/// Pooled mean and population standard deviation; coefficients of 0.
fn start(total: &Update) -> Result<State, Error> {
    let samples = total.samples as f64;
    let sums = find(&total.vectors, "sum")?;
    let squares = find(&total.vectors, "sum_of_squares")?;
    let mean: Vec<f64> = sums.iter().map(|sum| sum / samples).collect();
    let mut sd = Vec::with_capacity(mean.len());
    for ((mean, squares), number) in mean.iter().zip(squares).zip(1..) {
        sd.push(deviation(*mean, squares / samples, number)?);
    }
    let w = vec![0.0; mean.len() + 1];
    Ok(State { phase: Phase::Newton, steps: 0.0, last_step: 0.0, mean, sd, w, fit: None })
}

/// The standard deviation of a feature with that mean and mean square.
fn deviation(mean: f64, mean_square: f64, number: u32) -> Result<f64, Error> {
    let variance = mean_square - mean * mean;
    if !variance.is_finite() {
        return Err(Error::numeric(format!("feature {number} has values too large to be squared")));
    }
    if variance <= mean_square * CONSTANT {
        return Err(Error::numeric(format!("feature {number} is constant over all sites; do without it")));
    }
    Ok(variance.sqrt())
}

/// One step of Newton's method on the penalised loss.
fn newton(params: &Params, mut state: State, total: &Update) -> Result<State, Error> {
    let (gradient, hessian) = penalised(params.l2, &state.w, total)?;
    let Some(step) = solve(&hessian, &gradient) else {
        return Err(Error::numeric(
            "the features depend on each other; raise `l2`, or do without some of them",
        ));
    };
    state.w.iter_mut().zip(&step).for_each(|(w, step)| *w -= step);
    state.last_step = step.iter().fold(0.0, |largest, step| step.abs().max(largest));
    state.steps += 1.0;
    if !state.w.iter().all(|w| w.is_finite()) {
        return Err(Error::numeric("the coefficients grow without bound; raise `l2`"));
    }
    if state.last_step < params.tolerance {
        state.phase = Phase::Evaluate;
    } else if state.steps >= f64::from(params.max_rounds) {
        return Err(Error::numeric(format!(
            "no convergence in {} steps: the last one was {:e}; raise `max_rounds` or `l2`",
            params.max_rounds, state.last_step
        )));
    }
    Ok(state)
}

/// Adds the ridge term to what the sites sent: `l2 · w` and `l2 · I`, but nothing for the intercept.
fn penalised(l2: f64, w: &[f64], total: &Update) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let mut gradient = find(&total.vectors, "gradient")?.to_vec();
    let mut hessian = find(&total.vectors, "hessian")?.to_vec();
    if gradient.len() != w.len() || hessian.len() != w.len() * w.len() {
        return Err(Error::internal("the sites' sums do not fit the coefficients"));
    }
    for (gradient, w) in gradient.iter_mut().zip(w).skip(1) {
        *gradient += l2 * w;
    }
    for diagonal in hessian.iter_mut().step_by(w.len() + 1).skip(1) {
        *diagonal += l2;
    }
    Ok((gradient, hessian))
}

fn evaluate(mut state: State, total: &Update) -> Result<State, Error> {
    let (correct, deviance) = (metric(total, "correct")?, metric(total, "deviance")?);
    state.fit = Some(Fit { samples: total.samples as f64, correct, deviance });
    state.phase = Phase::Done;
    Ok(state)
}

fn metric(total: &Update, name: &str) -> Result<f64, Error> {
    let found = total.metrics.iter().find(|metric| metric.name == name);
    found
        .map(|metric| metric.value)
        .ok_or_else(|| Error::internal(format!("the sites sent no metric `{name}`")))
}

#[cfg(test)]
mod tests;
