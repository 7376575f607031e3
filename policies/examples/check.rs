//! Checks a department's own policies and runs its cases:
//! `cargo run -p qianmo-policies --example check -- own.cedar [cases.toml …]`.

use std::{fs, process::ExitCode};

use qianmo_policies::{PolicySet, cases};

fn main() -> ExitCode {
    match check(std::env::args().skip(1)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(wrong) => {
            eprintln!("{wrong} cases were not decided as expected");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// How many cases were not decided as expected.
fn check(mut args: impl Iterator<Item = String>) -> Result<usize, String> {
    let policies = args.next().ok_or("name a file of policies, then files of cases")?;
    let policies = PolicySet::load(&read(&policies)?).map_err(|e| format!("{policies}: {e}"))?;
    println!("{} policies in force, digest {}", policies.policies().len(), policies.digest());
    let mut wrong = 0;
    for path in args {
        for case in cases::parse(&read(&path)?).map_err(|e| format!("{path}: {e}"))? {
            let outcome = case.run(&policies);
            println!("{} {}", if outcome.mistakes.is_empty() { "ok   " } else { "WRONG" }, outcome.name);
            outcome.mistakes.iter().for_each(|mistake| println!("      {mistake}"));
            wrong += usize::from(!outcome.mistakes.is_empty());
        }
    }
    Ok(wrong)
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))
}
