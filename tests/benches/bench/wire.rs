//! QUIC with SM4 beside QUIC with ring: see tests/rivals.

use serde::Deserialize;

use crate::{Options, Result, programs, report::Table};

const GIB: f64 = (1_u64 << 30) as f64;
const HANDSHAKES: u64 = 1000;

/// One line of the rivals' program.
#[derive(Deserialize)]
struct Line {
    what: String,
    name: String,
    count: u64,
    cpu_s: f64,
    wall_s: f64,
    lost: u64,
}

pub(crate) fn measure(options: &Options) -> Result<Table> {
    let said = programs::run(programs::rivals()?.args([options.bytes.to_string(), HANDSHAKES.to_string()]))?;
    let lines = said.lines().map(serde_json::from_str).collect::<std::result::Result<Vec<Line>, _>>()?;
    let mut table = Table::new(
        "QUIC over loopback, both ends in one process",
        [
            "",
            "count",
            "CPU time of one",
            "per CPU-second",
            "wall time of one",
            "packets lost",
            "of ring's rate",
        ],
    );
    for line in &lines {
        // The first line of a kind is the rival's.
        let rival = lines.iter().find(|other| other.what == line.what).unwrap_or(line);
        table.row(line.cells(rival));
    }
    Ok(table)
}

impl Line {
    /// Units done: GiB, or handshakes.
    fn units(&self) -> f64 {
        if self.what == "transfer" { self.count as f64 / GIB } else { self.count as f64 }
    }

    fn cells(&self, rival: &Self) -> [String; 7] {
        let (cpu, wall) = (self.cpu_s / self.units(), self.wall_s / self.units());
        let share = format!("{:.3}", rival.cpu_s / rival.units() / cpu);
        let lost = self.lost.to_string();
        if self.what == "transfer" {
            [
                format!("{}, one stream", self.name),
                format!("{} GiB", self.units()),
                format!("{cpu:.2} s/GiB"),
                format!("{:.0} MB", GIB / cpu / 1e6),
                format!("{wall:.2} s/GiB"),
                lost,
                share,
            ]
        } else {
            [
                format!("{}, full mTLS handshake", self.name),
                self.count.to_string(),
                format!("{:.2} ms", cpu * 1e3),
                format!("{:.0}", 1.0 / cpu),
                format!("{:.2} ms", wall * 1e3),
                lost,
                share,
            ]
        }
    }
}
