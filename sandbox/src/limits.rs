//! How much one run may use. The defaults are those of an ordinary job; a permit may lower or raise each.

/// Bounds of one run. Going over one ends the run with an error that names the bound and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Units of work: about one per WASM instruction, and one per byte that crosses the border. 10¹² is
    /// from half a minute to three minutes of one core, depending on the code.
    pub fuel: u64,
    /// Milliseconds from start to end, waiting for rows included.
    pub wall_ms: u64,
    /// Bytes of linear memory and tables together.
    pub memory_bytes: u64,
    /// Bytes of one output, update or step; also of a state given to a model.
    pub output_bytes: u64,
    /// Rows of all tables of an output together.
    pub output_rows: u32,
    /// Bytes of log text; further lines are dropped, which the usage report tells.
    pub log_bytes: u64,
    /// Bytes of the parameters.
    pub params_bytes: u64,
    /// Bytes of randomness.
    pub random_bytes: u64,
    /// Rows of one batch.
    pub batch_rows: u32,
    /// Bytes of one batch; a larger one is handed over in pieces.
    pub batch_bytes: u64,
    /// Tables and scans open at the same time.
    pub handles: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 1_000_000_000_000,
            wall_ms: 10 * 60 * 1000,
            memory_bytes: 512 << 20,
            output_bytes: 1 << 20,
            output_rows: 10_000,
            log_bytes: 64 << 10,
            params_bytes: 64 << 10,
            random_bytes: 1 << 20,
            // Not a power of two: equal power-of-two columns alias in the cache and scan a third slower.
            batch_rows: 60_000,
            batch_bytes: 8 << 20,
            handles: 64,
        }
    }
}
