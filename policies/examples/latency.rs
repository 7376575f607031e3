//! Measures decisions: `cargo run --release -p qianmo-policies --example latency`.

use std::time::Instant;

use qianmo_policies::{PolicySet, cases};

const ROUNDS: usize = 5_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policies = PolicySet::shipped()?;
    let cases = cases::parse(include_str!("../cases/jobs.toml"))?;
    for case in cases.iter().take(1).chain(cases.iter().filter(|case| case.name().contains("several"))) {
        let mut nanos: Vec<_> = (0..ROUNDS).map(|_| time(|| drop(case.run(&policies)))).collect();
        nanos.sort_unstable();
        let at = |percent: usize| nanos.get(ROUNDS * percent / 100).map_or(0.0, |n| *n as f64 / 1e3);
        println!("{}: p50 {:.1} µs, p99 {:.1} µs", case.name(), at(50), at(99));
    }
    println!("load: {:.1} ms", time(|| drop(PolicySet::shipped())) as f64 / 1e6);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a measurement, not a decision")]
fn time(action: impl FnOnce()) -> u128 {
    let start = Instant::now();
    action();
    start.elapsed().as_nanos()
}
