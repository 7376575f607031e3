//! The coordinator's half of a round: from the sums to the next coefficients.

use qianmo_guest::{Error, Level, Step, Update, Vector, find, find_labelled, log};

use crate::linalg::{Half, solve};
use crate::params::Params;
use crate::site::POSITION;
use crate::state::{Fit, INTERCEPT, Phase, State};

/// A feature whose variance is under this share of its mean square about a value beside the mean is constant,
/// but for rounding.
const CONSTANT: f64 = 1e-12;

pub(crate) fn next(round: u32, state: &[Vector], total: &Update, sites: u32) -> Result<Step, Error> {
    let state = advance(&Params::of_job()?, State::from_vectors(state)?, total)?;
    log(Level::Info, &format!("round {round}, {sites} sites: largest step {:e}", state.last_step));
    Ok(Step { done: state.phase == Phase::Done, state: state.to_vectors() })
}

fn advance(params: &Params, state: Option<State>, total: &Update) -> Result<State, Error> {
    if total.samples == 0 {
        return Err(Error::no_data("the sites have no rows"));
    }
    let Some(state) = state else { return start(params, total) };
    match state.phase {
        Phase::Deviations => standardise(state, total),
        Phase::Newton => newton(params, state, total),
        Phase::Evaluate => evaluate(state, total),
        Phase::Done => Err(Error::internal("the run is over")),
    }
}

/// Pooled means; the features in the order in which they stand at the sites, or near it where they differ.
fn start(params: &Params, total: &Update) -> Result<State, Error> {
    let samples = total.samples as f64;
    let positives = metric(total, "positives")?;
    if positives == 0.0 || positives == samples {
        let (target, value) = (&params.target, u8::from(positives > 0.0));
        return Err(Error::numeric(format!(
            "the target `{target}` is {value} in all rows of all sites: there is nothing to tell apart"
        )));
    }
    let mut features: Vec<((&str, f64), f64)> =
        find_labelled(&total.vectors, POSITION).zip(find(&total.vectors, "sum")?.iter().copied()).collect();
    features.sort_by(|((_, one), _), ((_, other), _)| one.total_cmp(other));
    let mean: Vec<f64> = features.iter().map(|(_, sum)| sum / samples).collect();
    Ok(State {
        phase: Phase::Deviations,
        steps: 0.0,
        last_step: 0.0,
        features: features.iter().map(|((name, _), _)| (*name).to_owned()).collect(),
        sd: vec![1.0; mean.len()],
        w: vec![0.0; mean.len() + 1],
        mean,
        fit: None,
    })
}

/// Means to their last digit, and standard deviations, from the sums about the first means.
fn standardise(mut state: State, total: &Update) -> Result<State, Error> {
    let samples = total.samples as f64;
    let (deviations, squares) = (find(&total.vectors, "deviation")?, find(&total.vectors, "square")?);
    let mut constant = Vec::new();
    let sums = deviations.iter().zip(squares);
    let moments = state.mean.iter_mut().zip(&mut state.sd);
    for ((name, (mean, sd)), (deviation, square)) in state.features.iter().zip(moments).zip(sums) {
        let (distance, mean_square) = (deviation / samples, square / samples);
        let variance = mean_square - distance * distance;
        if variance <= mean_square * CONSTANT {
            constant.push(format!("`{name}`"));
        }
        *mean += distance;
        *sd = variance.sqrt();
    }
    if !constant.is_empty() {
        let names = constant.join(", ");
        return Err(Error::numeric(format!("constant over all sites: {names}; do without, see `features`")));
    }
    state.phase = Phase::Newton;
    Ok(state)
}

/// One step of Newton's method on the penalised loss.
fn newton(params: &Params, mut state: State, total: &Update) -> Result<State, Error> {
    let (gradient, hessian) = penalised(params.l2, &state.w, total)?;
    let step = solve(&hessian, &gradient).map_err(|index| dependent(&state, index))?;
    state.w.iter_mut().zip(&step).for_each(|(w, step)| *w -= step);
    state.last_step = step.iter().fold(0.0, |largest, step| step.abs().max(largest));
    state.steps += 1.0;
    if state.last_step < params.tolerance {
        state.phase = Phase::Evaluate;
    } else if state.steps >= f64::from(params.max_rounds) || !state.w.iter().all(|w| w.is_finite()) {
        return Err(no_rest(&params.target, &state, &step));
    }
    Ok(state)
}

/// A row of the Hessian depends on those above it. At the first step all rows weigh the same, so it is the
/// feature that depends on others; later, the weights may have gone where the fit is nearly perfect.
fn dependent(state: &State, index: usize) -> Error {
    let name = state.labels().nth(index).unwrap_or(INTERCEPT);
    let text = if state.steps == 0.0 {
        format!("`{name}` can be computed from the features before it; raise `l2`, or do without one of them")
    } else {
        let steps = state.steps;
        format!(
            "after {steps} steps the sums no longer tell `{name}` from the features before it: the fit is nearly \
             perfect; raise `l2`"
        )
    };
    Error::numeric(text)
}

/// The coefficients find no rest. The one that moves most is the one to look at.
fn no_rest(target: &str, state: &State, step: &[f64]) -> Error {
    let moves = state.labels().zip(state.w.iter().zip(step));
    let most = moves.max_by(|(_, (_, one)), (_, (_, other))| one.abs().total_cmp(&other.abs()));
    let (name, (w, step)) = most.unwrap_or((INTERCEPT, (&0.0, &0.0)));
    Error::numeric(format!(
        "no convergence in {} steps: the coefficient of `{name}` is {w:e} and moved by {:e} in the last one. If \
         `{name}` tells the two values of `{target}` apart, no coefficient is large enough: raise `l2`, or do \
         without it; otherwise raise `max_rounds`",
        state.steps, -step
    ))
}

/// Adds the ridge term to what the sites sent: `l2 · w` and `l2 · I`, but nothing for the intercept.
fn penalised(l2: f64, w: &[f64], total: &Update) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let mut gradient = find(&total.vectors, "gradient")?.to_vec();
    let hessian = Half::of(w.len()).unpack(find(&total.vectors, "hessian")?);
    let Some(mut hessian) = hessian.filter(|_| gradient.len() == w.len()) else {
        return Err(Error::internal("the sites' sums do not fit the coefficients"));
    };
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
