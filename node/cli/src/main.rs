//! The `qianmo` program: node and command line in one. See [`qianmo`].

use std::process::ExitCode;

fn main() -> ExitCode {
    qianmo::main()
}
