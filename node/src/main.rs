//! The `qianmo` program: node and command line in one. See [`qianmo::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    qianmo::cli::main()
}
