//! How fast this crate is, beside others, in one run and one table: `cargo bench -p qianmo-crypto --bench speed`.
//!
//! `-- --json` prints JSON; words given select the operations whose name has one of them. Every figure is one
//! thread's CPU time in its best slice (see [`clock`]), so other programs on the machine disturb little. `OpenSSL` is
//! the program that `tests/openssl` builds, asked for its own `speed`, in user time; its rows are missing where it is
//! not built. Targets are the project's, for one core with GFNI and AVX-512.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

mod clock;
mod openssl;
mod report;
mod sm2;
mod sm3;
mod sm4;

use std::env;

use report::Report;

fn main() {
    // Cargo itself adds `--bench`.
    let (flags, words): (Vec<String>, Vec<String>) =
        env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let mut report = Report::new(words);
    sm4::measure(&mut report);
    sm3::measure(&mut report);
    sm2::measure(&mut report);
    openssl::measure(&mut report);
    if flags.iter().any(|flag| flag == "--json") {
        println!("{}", report.json());
    } else {
        print!("{report}");
    }
}
