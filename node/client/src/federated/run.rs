//! The rounds of one run as a state machine: no network, no clock, no sandbox.

use qianmo_proto::WireError;
use qianmo_sandbox::{Metric, Step, Update, Vector};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A site delivered its update for a round.
    Delivered {
        /// The site, by position.
        site: usize,
        /// The round it is for.
        round: u32,
        /// Its aggregates.
        update: Update,
    },
    /// A site refused or failed for good.
    Refused {
        /// The site, by position.
        site: usize,
        /// The round it is for.
        round: u32,
        /// Why.
        error: WireError,
    },
    /// The coordinator's half of the model has decided.
    Stepped {
        /// The round it is for.
        round: u32,
        /// The next state, and whether it is the last.
        step: Step,
    },
    /// The coordinator's half of the model failed.
    Stuck {
        /// The round it is for.
        round: u32,
        /// Why.
        reason: String,
    },
    /// The person wants no more.
    Stopped,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Order a round's job at a site.
    Order {
        /// The site, by position.
        site: usize,
        /// The round, from 0.
        round: u32,
        /// What the round before handed on; empty at first.
        state: Vec<Vector>,
    },
    /// Run the coordinator's half on the sum of the sites' updates.
    Next {
        /// The round, from 0.
        round: u32,
        /// The state that the sites had.
        state: Vec<Vector>,
        /// The sum, in the order of the sites.
        total: Update,
        /// How many sites it is the sum of.
        sites: u32,
    },
    /// Tell the person that a round is over.
    Tell(RoundReport),
    /// Stop a site's job that is still running: its update is no longer wanted.
    Stop {
        /// The site, by position.
        site: usize,
    },
    /// The run is over; this is its result.
    Finish {
        /// The model's last state.
        state: Vec<Vector>,
    },
    /// The run has failed.
    Abort(Failure),
}

/// One finished round.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RoundReport {
    /// The round, from 0.
    pub round: u32,
    /// Rows behind the sum.
    pub samples: u64,
    /// Metrics of the sum.
    pub metrics: Vec<Metric>,
    /// Milliseconds from order to decision.
    pub took_ms: i64,
    /// Whether it was the last.
    pub done: bool,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A site refused or failed.
    #[error("round {round}: {error}")]
    Site {
        /// The site, by position.
        site: usize,
        /// The round.
        round: u32,
        /// What it said.
        error: WireError,
    },
    /// Updates that do not add up.
    #[error("round {round}: {reason}")]
    Sum {
        /// The first site whose update does not fit the ones before it.
        site: usize,
        /// The round.
        round: u32,
        /// What does not fit.
        reason: String,
    },
    /// The coordinator's half of the model failed.
    #[error("round {round}: the coordinator's half of the model failed: {reason}")]
    Model {
        /// The round.
        round: u32,
        /// What it said.
        reason: String,
    },
    /// The model wants more rounds than the contracts grant.
    #[error(
        "the model is not done after the {granted} rounds that the contracts grant; ask for contracts with more (request new --rounds)"
    )]
    Rounds {
        /// Rounds granted.
        granted: u32,
    },
    /// The person stopped it.
    #[error("the run was stopped in round {round}")]
    Stopped {
        /// The round.
        round: u32,
    },
}

/// A run. Feed it [`Event`]s, carry out its [`Effect`]s.
#[derive(Debug)]
pub struct Run {
    rounds_granted: u32,
    round: u32,
    began_ms: i64,
    state: Vec<Vector>,
    phase: Phase,
    sites: usize,
}

#[derive(Debug)]
enum Phase {
    /// Waiting for updates; one place a site.
    Gathering(Vec<Option<Update>>),
    /// Waiting for the coordinator's half; the report of the round so far.
    Deciding(RoundReport),
    /// Finished or failed.
    Over,
}

impl Run {
    /// Starts a run over `sites` sites that takes at most `rounds_granted` rounds.
    pub fn new(sites: usize, rounds_granted: u32, now_ms: i64) -> (Self, Vec<Effect>) {
        let mut run =
            Self { rounds_granted, round: 0, began_ms: now_ms, state: Vec::new(), phase: Phase::Over, sites };
        let effects = run.start_round(0, now_ms);
        (run, effects)
    }

    /// Whether nothing more will come of it.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// What follows from `event`. Events that no longer matter (another round's, a site's second answer, any
    /// after the end) have no effect.
    pub fn handle(&mut self, event: Event, now_ms: i64) -> Vec<Effect> {
        match event {
            Event::Delivered { site, round, update } if round == self.round => {
                self.gather(site, update, now_ms)
            }
            Event::Refused { site, round, error } if round == self.round && self.awaits(site) => {
                self.abort(Failure::Site { site, round, error }, Some(site))
            }
            Event::Stepped { round, step } if round == self.round => self.decide(step, now_ms),
            Event::Stuck { round, reason } if round == self.round && !self.is_over() => {
                self.abort(Failure::Model { round, reason }, None)
            }
            Event::Stopped if !self.is_over() => self.abort(Failure::Stopped { round: self.round }, None),
            _ => Vec::new(),
        }
    }

    fn start_round(&mut self, round: u32, now_ms: i64) -> Vec<Effect> {
        if round >= self.rounds_granted {
            return self.abort(Failure::Rounds { granted: self.rounds_granted }, None);
        }
        self.round = round;
        self.began_ms = now_ms;
        self.phase = Phase::Gathering(vec![None; self.sites]);
        (0..self.sites).map(|site| Effect::Order { site, round, state: self.state.clone() }).collect()
    }

    /// Whether the round still lacks the answer of `site`.
    fn awaits(&self, site: usize) -> bool {
        matches!(&self.phase, Phase::Gathering(updates) if updates.get(site).is_some_and(Option::is_none))
    }

    fn gather(&mut self, site: usize, update: Update, now_ms: i64) -> Vec<Effect> {
        let Phase::Gathering(updates) = &mut self.phase else { return Vec::new() };
        match updates.get_mut(site) {
            Some(place @ None) => *place = Some(update),
            _ => return Vec::new(),
        }
        if updates.iter().any(Option::is_none) {
            return Vec::new();
        }
        let updates: Vec<Update> = updates.drain(..).flatten().collect();
        match sum(&updates) {
            Ok(total) => self.ask_model(total, now_ms),
            Err((site, reason)) => self.abort(Failure::Sum { site, round: self.round, reason }, None),
        }
    }

    fn ask_model(&mut self, total: Update, now_ms: i64) -> Vec<Effect> {
        self.phase = Phase::Deciding(RoundReport {
            round: self.round,
            samples: total.samples,
            metrics: total.metrics.clone(),
            took_ms: now_ms - self.began_ms,
            done: false,
        });
        let sites = u32::try_from(self.sites).unwrap_or(u32::MAX);
        vec![Effect::Next { round: self.round, state: self.state.clone(), total, sites }]
    }

    fn decide(&mut self, step: Step, now_ms: i64) -> Vec<Effect> {
        let Phase::Deciding(report) = &mut self.phase else { return Vec::new() };
        let took_ms = now_ms - self.began_ms;
        let told = Effect::Tell(RoundReport { took_ms, done: step.done, ..report.clone() });
        let mut effects = vec![told];
        if step.done {
            self.phase = Phase::Over;
            effects.push(Effect::Finish { state: step.state });
        } else {
            self.state = step.state;
            effects.extend(self.start_round(self.round.saturating_add(1), now_ms));
        }
        effects
    }

    /// Ends the run. Sites that still compute are stopped, all but `failed`.
    fn abort(&mut self, failure: Failure, failed: Option<usize>) -> Vec<Effect> {
        let mut effects: Vec<Effect> = (0..self.sites)
            .filter(|site| self.awaits(*site) && Some(*site) != failed)
            .map(|site| Effect::Stop { site })
            .collect();
        self.phase = Phase::Over;
        effects.push(Effect::Abort(failure));
        effects
    }
}

/// Adds up in the order of the sites, whatever order they answered in: floating-point sums depend on it, and
/// the same run shall give the same bits.
fn sum(updates: &[Update]) -> Result<Update, (usize, String)> {
    let (first, rest) = updates.split_first().ok_or((0, "there is no site".to_owned()))?;
    let mut total = first.clone();
    for (index, update) in rest.iter().enumerate() {
        total.add(update).map_err(|e| (index + 1, e.to_string()))?;
    }
    Ok(total)
}
