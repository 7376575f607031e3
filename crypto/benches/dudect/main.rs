//! Does the time of an operation depend on its secrets? `cargo bench -p qianmo-crypto --bench dudect`.
//!
//! The method is dudect's (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2017): run the operation on
//! inputs of two classes in random order, and compare the two sets of times by Welch's t-test, whole and cropped at
//! many percentiles. A difference found says that the time depends on the value, on this machine and build, be it by the
//! code or by the processor alone; none found is no proof of absence, only more convincing the more samples there were.
//! Two cases leak on purpose and must be found.
//!
//! `-- --seconds N` sets the time for each case (5), words select cases by name. Fails if a difference is found, or
//! if one made on purpose is not.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

mod cases;
mod clock;
mod random;
mod stats;

use std::{env, process::ExitCode};

use cases::Expect;
use stats::Verdict;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let after_flag = arguments.iter().skip_while(|argument| *argument != "--seconds").nth(1);
    let seconds = after_flag.map_or(5.0, |text| text.parse().expect("--seconds wants a number"));
    let words: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--") && argument.parse::<f64>().is_err())
        .collect();
    let mut passed = true;
    println!(
        "| operation | the two classes differ in | samples | would show, of the time | largest abs(t) | verdict |"
    );
    println!("|---|---|--:|--:|--:|---|");
    for case in cases::all() {
        if !words.is_empty() && !words.iter().any(|word| case.name.contains(word.as_str())) {
            continue;
        }
        let outcome = (case.run)(seconds);
        let verdict = outcome.verdict();
        let expected = match case.expect {
            Expect::NoLeak => verdict != Verdict::Leak,
            Expect::Leak => verdict == Verdict::Leak,
            Expect::Anything => true,
        };
        passed &= expected;
        let difference = match verdict {
            Verdict::NoDifference => String::new(),
            _ => format!(", {}", outcome.difference),
        };
        let note = if expected { "" } else { " (**not as expected**)" };
        println!(
            "| {} | {} | {} | {:.3} % | {:.1} | {verdict}{difference}{note} |",
            case.name,
            case.classes,
            outcome.samples,
            outcome.resolution * 100.0,
            outcome.largest_t
        );
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
