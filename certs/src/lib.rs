#![forbid(unsafe_code)]
//! Certificates.
