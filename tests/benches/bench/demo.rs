//! The demo, from start to summary.

use std::time::Duration;

use qianmo_net::clock::Stopwatch;
use qianmo_tests::program;
use tokio::process::Command;

use crate::{Options, Result, programs, report::Table};

const RUNS: usize = 3;

pub(crate) fn measure(_: &Options) -> Result<Table> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let watch = Stopwatch::start();
        programs::run(Command::new(program()).args(["demo", "--json", "--lang", "en"]))?;
        times.push(watch.elapsed());
    }
    times.sort_unstable();
    let mut table = Table::new("`qianmo demo`, wall time of three runs", ["least", "median", "most"]);
    if let [least, median, most] = times.as_slice() {
        table.row([*least, *median, *most].map(|time: Duration| format!("{:.1} s", time.as_secs_f64())));
    }
    Ok(table)
}
