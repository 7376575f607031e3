//! How a run ended, and what it used.

use thiserror::Error;

use crate::SourceError;

/// The result of a run and what it cost, whether it succeeded or not.
#[derive(Clone, Debug)]
pub struct Outcome<T> {
    /// The checked output, or why there is none.
    pub result: Result<T, RunError>,
    /// What the run used up to its end.
    pub usage: Usage,
}

/// What a run used. Same model, tables, parameters and seed: same fuel, memory and rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Units of work, see [`crate::Limits::fuel`].
    pub fuel: u64,
    /// Bytes of linear memory and tables at their largest.
    pub peak_memory: u64,
    /// Rows handed to the model in its largest single scan, counted by the host: disclosure rules rest on this
    /// number, and a model must not raise it by reading a table again.
    pub rows_read: u64,
    /// Whether the model was told anything of the rows: a batch of them, or that there are none left. Until then it
    /// has seen its parameters, its state and the schema, and nothing that it did can depend on a row.
    pub given_rows: bool,
    /// What the model logged, for the data owner only.
    pub log: Vec<LogLine>,
    /// Log lines dropped because the log was full.
    pub log_dropped: u64,
    /// The last progress report: done, total.
    pub progress: Option<(u64, u64)>,
}

/// One line of a model's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How serious the model thinks it is.
    pub level: Level,
    /// Its text, as the model wrote it: escape it before showing it on a terminal.
    pub message: String,
}

/// How serious a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the model's author.
    Debug,
    /// Normal.
    Info,
    /// Unexpected, but the run goes on.
    Warn,
    /// The run will fail.
    Error,
}

/// What a model says is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The parameters do not fit the model.
    BadParams,
    /// The table does not fit the model.
    BadSchema,
    /// The job does not allow it.
    NotPermitted,
    /// One of the job's limits.
    Limit,
    /// Too few rows, or none.
    NoData,
    /// No answer in finite numbers.
    Numeric,
    /// A fault of the model's own.
    Internal,
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BadParams => "bad-params",
            Self::BadSchema => "bad-schema",
            Self::NotPermitted => "not-permitted",
            Self::Limit => "limit",
            Self::NoData => "no-data",
            Self::Numeric => "numeric",
            Self::Internal => "internal",
        })
    }
}

/// Why a run gave no output. Messages are for the data owner: a model can write row values into them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The model itself reported an error.
    #[error("the model reported {code}: {message}")]
    Model {
        /// Its kind.
        code: ErrorCode,
        /// The model's words.
        message: String,
    },
    /// The model crashed.
    #[error("the model crashed: {reason}; its author must mend it")]
    Trap {
        /// The WASM trap.
        reason: String,
    },
    /// The model used up its fuel.
    #[error("the fuel limit of {limit} is used up; ask for more, or give the model less to do")]
    Fuel {
        /// Units granted.
        limit: u64,
    },
    /// The model asked for more memory than it may have.
    #[error("the memory limit is {limit} bytes and the model asked for {wanted}")]
    Memory {
        /// Bytes granted.
        limit: u64,
        /// Bytes it would have had in all.
        wanted: u64,
    },
    /// The run took too long.
    #[error("the time limit of {limit_ms} ms has passed")]
    Time {
        /// Milliseconds granted.
        limit_ms: u64,
    },
    /// The [`crate::StopFlag`] was set.
    #[error("the run was stopped")]
    Stopped,
    /// The model went over one of its other limits.
    #[error("the limit of {limit} {what} is exceeded")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// How much is granted.
        limit: u64,
    },
    /// What the model returned is too large or makes no sense.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// What the caller gave to the model is too large or makes no sense.
    #[error("{what} given to the model: {reason}")]
    Input {
        /// Parameters, state or total.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The rows could not be read.
    #[error("the data could not be read: {0}")]
    Source(SourceError),
    /// The model has no such function: an analysis cannot take part in rounds, nor the reverse.
    #[error("the model is of the world `{world}`, which has no function `{function}`")]
    World {
        /// What the model is.
        world: &'static str,
        /// What was asked of it.
        function: &'static str,
    },
    /// A fault of the sandbox.
    #[error("the sandbox failed: {0}; please report this")]
    Internal(String),
}

/// What is wrong with an output, update or step.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OutputError {
    /// More bytes than may leave.
    #[error("the output limit is {limit} bytes and the model returned more")]
    Bytes {
        /// Bytes granted.
        limit: u64,
    },
    /// More rows than may leave.
    #[error("the output limit is {limit} rows and the model returned {rows}")]
    Rows {
        /// Rows granted.
        limit: u32,
        /// Rows returned, all tables together.
        rows: u64,
    },
    /// Two parts of one kind with the same name, or a part without one.
    #[error("the model returned a {kind} named `{name}`, which is empty or not unique")]
    Name {
        /// Table, metric, vector or field.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A vector whose shape does not give its number of values.
    #[error("the model returned the vector `{name}` with {values} values for the shape {shape:?}")]
    Shape {
        /// The vector.
        name: String,
        /// Its axes.
        shape: Vec<u32>,
        /// Its values.
        values: usize,
    },
    /// A table whose parts disagree.
    #[error("the model returned the table `{table}` with {reason}")]
    Table {
        /// The table.
        table: String,
        /// What disagrees.
        reason: String,
    },
    /// A number that is infinite or not a number.
    #[error("the model returned a number in `{name}` that is not finite")]
    NotFinite {
        /// The table, vector or metric.
        name: String,
    },
}
