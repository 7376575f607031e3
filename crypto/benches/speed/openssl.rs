//! OpenSSL 4's own `speed`, where `tests/openssl` has built it.
