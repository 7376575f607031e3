//! The query engine as a job gets it: fresh, bounded, and with nothing in it that reaches outside or changes by itself.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{ScalarUDF, Volatility};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::coop::YieldingJoins;
use crate::zone::WallCasts;
use crate::{BATCH_ROWS, DataError, Failure};

/// What one job may use to hold rows that cannot be streamed: sorts, groups, joins.
///
/// The pool counts what the engine's operators hold on purpose, not every byte of the process: a hard cap belongs to
/// the operating system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Bytes all operators of the job may hold together.
    pub memory_bytes: u64,
    /// Where sorts and groups put what does not fit in memory. Rows land there as they are, so the folder must be as
    /// private as the data. `None`: nothing is put on disk, and the job fails when its memory is used up.
    pub spill_dir: Option<PathBuf>,
    /// Bytes the job may put there.
    pub spill_bytes: u64,
}

impl Default for MemoryLimits {
    /// 512 MiB of memory, nothing on disk.
    fn default() -> Self {
        Self { memory_bytes: 512 << 20, spill_dir: None, spill_bytes: 0 }
    }
}

/// A session without tables.
pub(crate) fn session(limits: &MemoryLimits) -> Result<SessionContext, DataError> {
    Ok(SessionContext::new_with_state(state(limits)?))
}

fn state(limits: &MemoryLimits) -> Result<SessionState, DataError> {
    // No table functions, table factories or file formats: SQL reaches the tables of the session and nothing else.
    Ok(SessionStateBuilder::new()
        .with_config(config(limits))
        .with_runtime_env(runtime(limits)?)
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .with_scalar_functions(repeatable(SessionStateDefaults::default_scalar_functions()))
        .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .with_analyzer_rule(Arc::new(WallCasts))
        .with_physical_optimizer_rule(Arc::new(YieldingJoins))
        .build())
}

/// Only functions of their arguments. `now()` and `random()` would make a result that cannot be reproduced, and
/// `input_file_name()` would tell a path.
fn repeatable(functions: Vec<Arc<ScalarUDF>>) -> Vec<Arc<ScalarUDF>> {
    functions
        .into_iter()
        .filter(|function| function.signature().volatility == Volatility::Immutable)
        .collect()
}

fn config(limits: &MemoryLimits) -> SessionConfig {
    // One partition: with more, batches arrive in the order the threads finish, sums of doubles change in their last
    // bits, and the digest of a result would not be the same twice. Jobs run side by side instead.
    let mut config = SessionConfig::new()
        .with_target_partitions(1)
        .with_batch_size(BATCH_ROWS as usize)
        .with_information_schema(false)
        .with_collect_statistics(false);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.schema_force_view_types = false;
    // What a sort sets aside to merge its spilled runs; the default of 10 MiB leaves a small job nothing to sort in.
    let reserve = usize::try_from(limits.memory_bytes / 4).unwrap_or(usize::MAX);
    options.execution.sort_spill_reservation_bytes =
        options.execution.sort_spill_reservation_bytes.min(reserve);
    options.sql_parser.map_string_types_to_utf8view = false;
    config
}

fn runtime(limits: &MemoryLimits) -> Result<Arc<RuntimeEnv>, DataError> {
    let pool = FairSpillPool::new(usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX));
    let mode = match &limits.spill_dir {
        Some(dir) => DiskManagerMode::Directories(vec![dir.clone()]),
        None => DiskManagerMode::Disabled,
    };
    let disk = DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(limits.spill_bytes);
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(|error| DataError::Resources(error.strip_backtrace()))
}

/// Stack of a planning thread. The engine parses, plans and optimises by recursion over the SQL's syntax tree, in
/// frames of tens of kilobytes in a debug build; a runtime's worker has 2 MiB.
const PLANNING_STACK_BYTES: usize = 64 << 20;

/// Runs planning work on a thread of its own with a deep stack, which also keeps it off the runtime's workers.
///
/// Must be called within a tokio runtime.
pub(crate) async fn on_deep_stack<T, F>(work: F) -> Result<T, DataError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, DataError>> + Send + 'static,
{
    let (sender, answer) = tokio::sync::oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::Builder::new().name("qianmo-plan".into()).stack_size(PLANNING_STACK_BYTES);
    thread
        .spawn(move || drop(sender.send(runtime.block_on(work))))
        .map_err(|error| DataError::Resources(format!("no thread to plan on ({error})")))?;
    answer.await.unwrap_or_else(|_| Err(DataError::BadQuery("the planner gave up".into())))
}

/// What kept a plan from being made: our own error out of the engine's wrapping, or its words about the SQL and the
/// columns' types as `otherwise` says. No row has been read by then.
pub(crate) fn planning(error: &DataFusionError, otherwise: fn(String) -> DataError) -> DataError {
    known(error).unwrap_or_else(|| otherwise(error.strip_backtrace()))
}

/// What kept rows from being read or calculated, without a word of the engine's: it quotes values.
pub(crate) fn running(error: &DataFusionError, otherwise: fn(Failure) -> DataError) -> DataError {
    known(error).unwrap_or_else(|| otherwise(failure(error)))
}

fn known(error: &DataFusionError) -> Option<DataError> {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        if let Some(ours) = error.downcast_ref::<DataError>() {
            return Some(ours.clone());
        }
        cause = error.source();
    }
    match error.find_root() {
        DataFusionError::ResourcesExhausted(reason) => Some(DataError::Resources(reason.clone())),
        // The engine itself does plain I/O for spilling only; a used-up quota is reported in this way.
        DataFusionError::ArrowError(inner, _) if matches!(**inner, ArrowError::IoError(..)) => {
            Some(DataError::Resources(error.strip_backtrace()))
        }
        _ => None,
    }
}

fn failure(error: &DataFusionError) -> Failure {
    match error.find_root() {
        DataFusionError::ArrowError(inner, _) => arrow_failure(inner),
        DataFusionError::ParquetError(_) => Failure::Damaged,
        DataFusionError::Internal(_) => Failure::Broken("the query engine contradicts itself"),
        _ => Failure::Expression,
    }
}

fn arrow_failure(error: &ArrowError) -> Failure {
    match error {
        ArrowError::CastError(_) | ArrowError::ParseError(_) => Failure::Conversion,
        ArrowError::DivideByZero => Failure::DivideByZero,
        ArrowError::ArithmeticOverflow(_) => Failure::Overflow,
        ArrowError::ParquetError(_) => Failure::Damaged,
        _ => Failure::Expression,
    }
}

impl From<DataError> for DataFusionError {
    fn from(error: DataError) -> Self {
        Self::External(Box::new(error))
    }
}
