//! What crosses the rounds.

use qianmo_guest::{Error, Vector, find, find_scalar, scalar, vector};

/// What the sites do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Gradient and Hessian at the coefficients.
    Newton,
    /// Right answers and deviance at the coefficients.
    Evaluate,
    /// Nothing: the run is over.
    Done,
}

impl Phase {
    const ALL: [Self; 3] = [Self::Newton, Self::Evaluate, Self::Done];

    fn number(self) -> f64 {
        match self {
            Self::Newton => 1.0,
            Self::Evaluate => 2.0,
            Self::Done => 3.0,
        }
    }
}

/// The model between two rounds. Before the first there is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    /// Newton steps taken.
    pub(crate) steps: f64,
    /// The largest change of a coefficient in the last step.
    pub(crate) last_step: f64,
    /// Pooled mean of each feature.
    pub(crate) mean: Vec<f64>,
    /// Pooled population standard deviation of each feature.
    pub(crate) sd: Vec<f64>,
    /// Intercept, then one coefficient for each standardised feature.
    pub(crate) w: Vec<f64>,
    /// The verdict, once there is one.
    pub(crate) fit: Option<Fit>,
}

/// How well the coefficients fit, over all sites.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    pub(crate) samples: f64,
    /// Rows whose more probable class is the right one.
    pub(crate) correct: f64,
    /// −2 × log-likelihood.
    pub(crate) deviance: f64,
}

impl State {
    /// As the sites and the caller get it.
    pub(crate) fn to_vectors(&self) -> Vec<Vector> {
        let mut vectors = vec![
            scalar("phase", self.phase.number()),
            scalar("steps", self.steps),
            scalar("last_step", self.last_step),
            vector("mean", self.mean.clone()),
            vector("sd", self.sd.clone()),
            vector("w", self.w.clone()),
        ];
        if let Some(fit) = self.fit {
            vectors.push(scalar("samples", fit.samples));
            vectors.push(scalar("correct", fit.correct));
            vectors.push(scalar("accuracy", fit.correct / fit.samples));
            vectors.push(scalar("deviance", fit.deviance));
        }
        vectors
    }

    /// Reads what [`State::to_vectors`] wrote before the run was over; none before the first round.
    pub(crate) fn from_vectors(vectors: &[Vector]) -> Result<Option<Self>, Error> {
        if vectors.is_empty() {
            return Ok(None);
        }
        let number = find_scalar(vectors, "phase")?;
        let phase = Phase::ALL.into_iter().find(|phase| phase.number() == number);
        let state = Self {
            phase: phase.ok_or_else(|| Error::internal(format!("there is no phase {number}")))?,
            steps: find_scalar(vectors, "steps")?,
            last_step: find_scalar(vectors, "last_step")?,
            mean: find(vectors, "mean")?.to_vec(),
            sd: find(vectors, "sd")?.to_vec(),
            w: find(vectors, "w")?.to_vec(),
            fit: None,
        };
        if state.sd.len() != state.mean.len() || state.w.len() != state.mean.len() + 1 {
            return Err(Error::internal("the state's vectors are not of one length"));
        }
        Ok(Some(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            phase: Phase::Evaluate,
            steps: 4.0,
            last_step: 1e-11,
            mean: vec![1.0, 2.0],
            sd: vec![0.5, 0.25],
            w: vec![0.0, 1.0, -1.0],
            fit: None,
        }
    }

    #[test]
    fn a_state_survives_the_rounds() {
        assert_eq!(State::from_vectors(&state().to_vectors()).unwrap(), Some(state()));
        assert_eq!(State::from_vectors(&[]).unwrap(), None);
    }

    #[test]
    fn a_state_that_this_model_did_not_write_is_refused() {
        let mut other = state().to_vectors();
        other[0].values[0] = 7.0;
        assert!(State::from_vectors(&other).is_err());
        let mut short = state();
        short.w.pop();
        assert!(State::from_vectors(&short.to_vectors()).is_err());
        assert!(State::from_vectors(&[scalar("w", 1.0)]).is_err());
    }
}
