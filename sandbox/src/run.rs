//! One run: a fresh store and instance, one call, a checked answer.

use std::thread;

use wasmtime::component::{ComponentNamedList, InstancePre, Lift, Lower, TypedFunc};
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::engine::{Inner, THREAD_STACK};
use crate::host::{Host, charge};
use crate::model::Inputs;
use crate::output::Checked;
use crate::vet::VetError;
use crate::wire;
use crate::{Limits, Outcome, OutputError, RunError, Usage};

/// What every function of a world returns.
type Answer<R> = (Result<R, wire::Error>,);

/// Bytes of host memory per byte of output: what lists of small records take more here than in the model.
const LIFT_FACTOR: u64 = 4;
/// wasmtime's words when a model hands over more than that. Its error type is private.
const LIFT_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// An exported function, and the compiled component it is of.
pub(crate) struct Function<'a> {
    pub(crate) engine: &'a Inner,
    pub(crate) pre: &'a InstancePre<Host>,
    pub(crate) name: &'static str,
}

impl Function<'_> {
    /// Runs the function on a thread of its own: the model's stack needs a known bound, and a panic of
    /// the host must end this run only. `bytes` is the size of `params`.
    pub(crate) fn run<P, R, T>(&self, inputs: Inputs, params: P, bytes: usize) -> Outcome<T>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: Lift + Send + Sync + 'static,
        T: From<R> + Checked + Send,
    {
        let builder = thread::Builder::new().name("sandbox-run".to_owned()).stack_size(THREAD_STACK);
        let joined = thread::scope(|scope| {
            let run = builder.spawn_scoped(scope, || self.run_here(inputs, params, bytes));
            run.map(thread::ScopedJoinHandle::join)
        });
        match joined {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Outcome::refused(RunError::Internal("a run panicked".to_owned())),
            Err(error) => Outcome::refused(RunError::Internal(format!("no thread for the run: {error}"))),
        }
    }

    fn run_here<P, R, T>(&self, inputs: Inputs, params: P, bytes: usize) -> Outcome<T>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: Lift + Send + Sync + 'static,
        T: From<R> + Checked,
    {
        let limits = inputs.limits;
        let mut store = match open(self.engine, inputs) {
            Ok(store) => store,
            Err(error) => return Outcome::refused(classify(&error, &limits)),
        };
        let answer = self.call(&mut store, params, bytes);
        let result = match answer {
            Ok(Ok(value)) => accept(value, &limits),
            Ok(Err(error)) => Err(RunError::Model { code: error.code.into(), message: error.message }),
            Err(error) => Err(classify(&error, &limits)),
        };
        Outcome { result, usage: close(store, &limits) }
    }

    fn call<P, R>(
        &self,
        store: &mut Store<Host>,
        params: P,
        bytes: usize,
    ) -> wasmtime::Result<Result<R, wire::Error>>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: Lift + Send + Sync + 'static,
    {
        let function = self.find::<P, R>(store)?;
        charge(wasmtime::AsContextMut::as_context_mut(store), bytes)?;
        function.call(&mut *store, params).map(|(answer,)| answer)
    }

    fn find<P, R>(&self, store: &mut Store<Host>) -> wasmtime::Result<TypedFunc<P, Answer<R>>>
    where
        P: ComponentNamedList + Lower,
        R: Lift,
        Answer<R>: ComponentNamedList,
    {
        store.data().check_time().map_err(wasmtime::Error::new)?;
        let instance = self.pre.instantiate(&mut *store)?;
        instance.get_typed_func(store, self.name)
    }

    /// Makes an instance and looks the function up with its types, without calling it.
    pub(crate) fn try_out<P, R>(&self, inputs: Inputs) -> Result<(), VetError>
    where
        P: ComponentNamedList + Lower,
        R: Lift,
        Answer<R>: ComponentNamedList,
    {
        let limits = inputs.limits;
        let failed = |error: wasmtime::Error| VetError::Instantiate(classify(&error, &limits).to_string());
        let mut store = open(self.engine, inputs).map_err(failed)?;
        let instance = self.pre.instantiate(&mut store).map_err(failed)?;
        let found = instance.get_typed_func::<P, Answer<R>>(&mut store, self.name);
        found.map(drop).map_err(|error| VetError::Types(format!("{error:#}")))
    }
}

impl<T> Outcome<T> {
    /// A run that did not start.
    pub(crate) fn refused(error: RunError) -> Self {
        Self { result: Err(error), usage: Usage::default() }
    }
}

/// A store with its bounds set.
fn open(engine: &Inner, inputs: Inputs) -> wasmtime::Result<Store<Host>> {
    let limits = inputs.limits;
    if inputs.params.len() as u64 > limits.params_bytes {
        let reason = format!("{} bytes; the limit is {}", inputs.params.len(), limits.params_bytes);
        return Err(wasmtime::Error::new(RunError::Input { what: "params", reason }));
    }
    let mut store = Store::new(&engine.wasm, Host::new(inputs, &engine.config, engine.clock()));
    store.limiter(|host| &mut host.memory);
    store.set_fuel(limits.fuel)?;
    store.set_hostcall_fuel(usize::try_from(limits.output_bytes.saturating_mul(LIFT_FACTOR))?);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|cx| {
        cx.data().check_time().map_err(wasmtime::Error::new)?;
        Ok(UpdateDeadline::Continue(1))
    });
    Ok(store)
}

fn close(store: Store<Host>, limits: &Limits) -> Usage {
    let left = store.get_fuel().unwrap_or(0);
    let mut host = store.into_data();
    host.usage.fuel = limits.fuel.saturating_sub(left);
    host.usage.peak_memory = host.memory.peak();
    host.usage
}

fn accept<R, T: From<R> + Checked>(value: R, limits: &Limits) -> Result<T, RunError> {
    let value = T::from(value);
    value.check(limits)?;
    Ok(value)
}

/// Whose fault it was. Errors that the host raised itself come back as they were.
fn classify(error: &wasmtime::Error, limits: &Limits) -> RunError {
    if let Some(error) = error.downcast_ref::<RunError>() {
        return error.clone();
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => return RunError::Fuel { limit: limits.fuel },
        Some(trap) => return RunError::Trap { reason: trap.to_string() },
        None => {}
    }
    let reason = error.root_cause().to_string();
    if reason.contains(LIFT_EXHAUSTED) {
        return OutputError::Bytes { limit: limits.output_bytes }.into();
    }
    RunError::Trap { reason }
}
