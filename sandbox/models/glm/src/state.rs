//! What crosses the rounds.

use qianmo_guest::{Error, Vector, find, find_labelled, find_scalar, labelled, scalar, vector};

/// The intercept's label: no column can be called so.
pub(crate) const INTERCEPT: &str = "(intercept)";

/// What the sites do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Sums about the pooled means.
    Deviations,
    /// Gradient and Hessian at the coefficients.
    Newton,
    /// Right answers and deviance at the coefficients.
    Evaluate,
    /// Nothing: the run is over.
    Done,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Deviations, Self::Newton, Self::Evaluate, Self::Done];

    fn number(self) -> f64 {
        match self {
            Self::Deviations => 0.0,
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
    /// The columns, in the order of all vectors.
    pub(crate) features: Vec<String>,
    /// Pooled mean of each feature.
    pub(crate) mean: Vec<f64>,
    /// Pooled population standard deviation of each feature; 1 before it is known.
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
    /// The labels of `w`.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &str> {
        std::iter::once(INTERCEPT).chain(self.features.iter().map(String::as_str))
    }

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
        // The sites take the order of the features from here, people what each number is of.
        vectors.extend(labelled("w", self.labels(), &self.w));
        if self.phase == Phase::Done {
            let features = || self.features.iter().map(String::as_str);
            vectors.extend(labelled("mean", features(), &self.mean));
            vectors.extend(labelled("sd", features(), &self.sd));
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
        let labels = find_labelled(vectors, "w").map(|(label, _)| label.to_owned());
        let state = Self {
            phase: phase.ok_or_else(|| Error::internal(format!("there is no phase {number}")))?,
            steps: find_scalar(vectors, "steps")?,
            last_step: find_scalar(vectors, "last_step")?,
            features: labels.skip(1).collect(),
            mean: find(vectors, "mean")?.to_vec(),
            sd: find(vectors, "sd")?.to_vec(),
            w: find(vectors, "w")?.to_vec(),
            fit: None,
        };
        let features = state.features.len();
        if state.mean.len() != features || state.sd.len() != features || state.w.len() != features + 1 {
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
            features: vec!["age".to_owned(), "weight".to_owned()],
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
    fn the_result_names_each_number() {
        let fit = Some(Fit { samples: 8.0, correct: 6.0, deviance: 3.5 });
        let vectors = State { phase: Phase::Done, fit, ..state() }.to_vectors();
        let labelled = |name| find_labelled(&vectors, name).collect::<Vec<_>>();
        assert_eq!(labelled("w"), [(INTERCEPT, 0.0), ("age", 1.0), ("weight", -1.0)]);
        assert_eq!(labelled("mean"), [("age", 1.0), ("weight", 2.0)]);
        assert_eq!(labelled("sd"), [("age", 0.5), ("weight", 0.25)]);
        assert_eq!(find_scalar(&vectors, "accuracy").unwrap(), 0.75);
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
