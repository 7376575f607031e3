//! Errors a model reports.

use crate::{Error, ErrorCode};

impl Error {
    /// An error of the given kind. The data owner sees the message, others only the kind.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The order's parameters do not fit the model.
    #[must_use]
    pub fn bad_params(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadParams, message)
    }

    /// The table does not fit the model.
    #[must_use]
    pub fn bad_schema(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadSchema, message)
    }

    /// There are too few rows, or none.
    #[must_use]
    pub fn no_data(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NoData, message)
    }

    /// There is no answer in finite numbers.
    #[must_use]
    pub fn numeric(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Numeric, message)
    }

    /// A fault of the model's own, such as a state it cannot have written.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }
}
