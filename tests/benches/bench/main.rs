#![forbid(unsafe_code)]
//! Every figure of docs/benchmarks.md, from one run: `cargo run --release -p qianmo-tests --bin bench`.
//!
//! `bench [--bytes N] [PART…]`, parts `wire sandbox trail jobs memory demo`; without one, all. It wants `qianmo` beside
//! itself (`cargo build --release`) and builds what else it runs. Progress goes to standard error, the tables,
//! in Markdown, to standard output. All nodes are real processes on loopback and end with it.
//!
//! A program and not a bench target: the development dependencies of this crate turn on features of shared
//! crates, and the query engine would be compiled once more.

mod demo;
mod jobs;
mod memory;
mod process;
mod programs;
mod report;
mod sandbox;
mod trail;
mod wire;

use std::{env, error::Error, process::ExitCode};

use report::Table;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// A part by its name.
type Part = (&'static str, fn(&Options) -> Result<Table>);

const PARTS: [Part; 6] = [
    ("wire", wire::measure),
    ("sandbox", sandbox::measure),
    ("trail", trail::measure),
    ("jobs", jobs::measure),
    ("memory", memory::measure),
    ("demo", demo::measure),
];

/// What the command line says.
struct Options {
    /// Bytes of a QUIC transfer.
    bytes: u64,
    /// Parts wanted; all if empty.
    parts: Vec<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("bench: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let options = Options::parse(env::args().skip(1))?;
    println!("Load average at the start: {}", process::load()?);
    for (name, measure) in PARTS {
        if options.parts.is_empty() || options.parts.iter().any(|part| part == name) {
            eprintln!("measuring: {name}");
            print!("\n{}", measure(&options)?);
        }
    }
    println!("\nLoad average at the end: {}", process::load()?);
    Ok(())
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { bytes: 1 << 30, parts: Vec::new() };
        while let Some(argument) = arguments.next() {
            if argument == "--bytes" {
                options.bytes = arguments.next().ok_or("--bytes needs a number")?.parse()?;
            } else if PARTS.iter().any(|(name, _)| *name == argument) {
                options.parts.push(argument);
            } else {
                let names = PARTS.map(|(name, _)| name).join(", ");
                return Err(format!("there is no part {argument:?}; choose from {names}").into());
            }
        }
        Ok(options)
    }
}
