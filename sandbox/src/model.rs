//! Compiled models and the jobs they run.

use std::sync::Arc;

use wasmtime::component::InstancePre;

use crate::engine::Inner;
use crate::host::Host;
use crate::output::{Checked, numbers_bytes};
use crate::run::Function;
use crate::vet::{VetError, Vetted, World};
use crate::{Limits, Outcome, Output, RunError, Step, StopFlag, TableSource, Update, Vector, wire};

/// Fuel for the trial instance that vetting makes: start-up code only.
const TRIAL_FUEL: u64 = 1_000_000_000;
const TRIAL_MS: u64 = 10_000;

/// One run over tables.
pub struct Job {
    /// What the model may read.
    pub tables: Vec<Box<dyn TableSource>>,
    /// JSON, as the model's author defines it.
    pub params: String,
    /// Grants randomness, drawn from this seed. None: the model gets an error if it asks.
    pub seed: Option<[u8; 32]>,
    /// Bounds.
    pub limits: Limits,
    /// Ends the run early.
    pub stop: StopFlag,
}

impl Job {
    /// A job with default limits, no randomness and a stop flag of its own.
    #[must_use]
    pub fn new(tables: Vec<Box<dyn TableSource>>, params: impl Into<String>) -> Self {
        Self { tables, params: params.into(), seed: None, limits: Limits::default(), stop: StopFlag::new() }
    }
}

/// One run of the coordinator's half of a federated model. It sees no table.
pub struct CoordinatorJob {
    /// The same JSON that the sites' jobs have.
    pub params: String,
    /// As in [`Job::seed`].
    pub seed: Option<[u8; 32]>,
    /// Bounds.
    pub limits: Limits,
    /// Ends the run early.
    pub stop: StopFlag,
}

impl CoordinatorJob {
    /// A job with default limits, no randomness and a stop flag of its own.
    #[must_use]
    pub fn new(params: impl Into<String>) -> Self {
        Self { params: params.into(), seed: None, limits: Limits::default(), stop: StopFlag::new() }
    }
}

/// What one run is made of, whichever half runs.
pub(crate) struct Inputs {
    pub(crate) tables: Vec<Box<dyn TableSource>>,
    pub(crate) params: String,
    pub(crate) seed: Option<[u8; 32]>,
    pub(crate) limits: Limits,
    pub(crate) stop: StopFlag,
}

impl From<Job> for Inputs {
    fn from(job: Job) -> Self {
        let Job { tables, params, seed, limits, stop } = job;
        Self { tables, params, seed, limits, stop }
    }
}

impl From<CoordinatorJob> for Inputs {
    fn from(job: CoordinatorJob) -> Self {
        let CoordinatorJob { params, seed, limits, stop } = job;
        Self { tables: Vec::new(), params, seed, limits, stop }
    }
}

/// A vetted, compiled component. Cheap to clone; every run is a fresh instance on a thread of its own.
#[derive(Clone)]
pub struct Model(Arc<Parts>);

struct Parts {
    engine: Arc<Inner>,
    pre: InstancePre<Host>,
    vetted: Vetted,
}

impl Model {
    pub(crate) fn new(engine: Arc<Inner>, pre: InstancePre<Host>, vetted: Vetted) -> Self {
        Self(Arc::new(Parts { engine, pre, vetted }))
    }

    /// What vetting found.
    #[must_use]
    pub fn vetted(&self) -> &Vetted {
        &self.0.vetted
    }

    /// The kind of model.
    #[must_use]
    pub fn world(&self) -> World {
        self.0.vetted.world
    }

    /// Runs an analysis. Blocks until it ends; call it off the async runtime's own threads.
    #[must_use]
    pub fn analyse(&self, job: Job) -> Outcome<Output> {
        match self.function(World::Analysis, "run") {
            Ok(function) => function.run::<(), wire::Output, _>(job.into(), (), 0),
            Err(error) => Outcome::refused(error),
        }
    }

    /// Runs one site's half of a round, from 0, on the last round's `state`. Blocks until it ends.
    #[must_use]
    pub fn contribute(&self, job: Job, round: u32, state: &[Vector]) -> Outcome<Update> {
        let ready = self
            .function(World::Federated, "contribute")
            .and_then(|function| check_input("state", state, &job.limits).map(|()| function));
        match ready {
            Ok(function) => {
                let bytes = numbers_bytes(state, &[]);
                function.run::<ContributeParams, wire::Update, _>(
                    job.into(),
                    (round, wire::convert(state)),
                    bytes,
                )
            }
            Err(error) => Outcome::refused(error),
        }
    }

    /// Runs the coordinator's half of a round, on the sum of the sites' updates. Blocks until it ends.
    #[must_use]
    pub fn next(
        &self,
        job: CoordinatorJob,
        round: u32,
        state: &[Vector],
        total: &Update,
        sites: u32,
    ) -> Outcome<Step> {
        let ready = self.function(World::Federated, "next").and_then(|function| {
            check_input("state", state, &job.limits)?;
            check_input("total", total, &job.limits)?;
            Ok(function)
        });
        match ready {
            Ok(function) => {
                let bytes = numbers_bytes(state, &[]) + numbers_bytes(&total.vectors, &total.metrics);
                let params = (round, wire::convert(state), total.into(), sites);
                function.run::<NextParams, wire::Step, _>(job.into(), params, bytes)
            }
            Err(error) => Outcome::refused(error),
        }
    }

    /// Makes an instance and looks up the world's functions with their types.
    pub(crate) fn try_out(&self) -> Result<(), VetError> {
        let limits = Limits { fuel: TRIAL_FUEL, wall_ms: TRIAL_MS, ..Limits::default() };
        let inputs = || Inputs::from(CoordinatorJob { limits, ..CoordinatorJob::new("{}") });
        match self.world() {
            World::Analysis => self.named("run").try_out::<(), wire::Output>(inputs()),
            World::Federated => {
                self.named("contribute").try_out::<ContributeParams, wire::Update>(inputs())?;
                self.named("next").try_out::<NextParams, wire::Step>(inputs())
            }
        }
    }

    fn function(&self, world: World, name: &'static str) -> Result<Function<'_>, RunError> {
        if self.world() != world {
            return Err(RunError::World { world: self.world().name(), function: name });
        }
        Ok(self.named(name))
    }

    fn named(&self, name: &'static str) -> Function<'_> {
        Function { engine: &self.0.engine, pre: &self.0.pre, name }
    }
}

type ContributeParams = (u32, Vec<wire::Vector>);
type NextParams = (u32, Vec<wire::Vector>, wire::Update, u32);

/// What a caller passes on from other nodes obeys the same rules as what a model returns.
fn check_input<T: Checked + ?Sized>(what: &'static str, value: &T, limits: &Limits) -> Result<(), RunError> {
    value.check(limits).map_err(|error| RunError::Input { what, reason: error.to_string() })
}
