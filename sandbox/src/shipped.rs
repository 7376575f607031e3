//! The models that come with Qianmo. Their source is in `models/`, beside the script that rebuilds them.

/// Counts, sums, means and variances of columns; row counts by group. World `analysis`.
pub const STATS: &[u8] = include_bytes!("../models/stats.wasm");

/// L2-regularised logistic regression by Newton's method. World `federated`.
pub const GLM: &[u8] = include_bytes!("../models/glm.wasm");
