//! QUIC with SM4 beside QUIC with ring: see tests/rivals.

use serde::Deserialize;

use crate::{
    Options, Result, programs,
    report::{Table, median},
};

const GIB: f64 = (1_u64 << 30) as f64;
/// Handshakes of one turn.
const HANDSHAKES: u64 = 200;

/// One turn of one stack, a line of the rivals' program.
#[derive(Deserialize)]
struct Turn {
    what: String,
    name: String,
    count: u64,
    cpu_s: f64,
    wall_s: f64,
    lost: u64,
}

pub(crate) fn measure(options: &Options) -> Result<Table> {
    let said = programs::run(programs::rivals()?.args([options.bytes.to_string(), HANDSHAKES.to_string()]))?;
    let turns = said.lines().map(serde_json::from_str).collect::<std::result::Result<Vec<Turn>, _>>()?;
    let mut table = Table::new(
        "QUIC over loopback, both ends in one process",
        [
            "",
            "turns",
            "CPU time of one",
            "per CPU-second",
            "wall time of one",
            "packets lost",
            "CPU time ÷ ring's",
            "least to most",
        ],
    );
    let mut stacks: Vec<Vec<&Turn>> = Vec::new();
    for turn in &turns {
        let same = |stack: &&mut Vec<&Turn>| stack.iter().any(|other| other.is_like(turn));
        match stacks.iter_mut().find(same) {
            Some(stack) => stack.push(turn),
            None => stacks.push(vec![turn]),
        }
    }
    for stack in &stacks {
        // The first stack of a kind is the rival's.
        let kind = |other: &&Vec<&Turn>| other.iter().zip(stack).all(|(one, two)| one.what == two.what);
        if let Some(rival) = stacks.iter().find(kind) {
            table.row(cells(stack, rival));
        }
    }
    Ok(table)
}

impl Turn {
    fn is_like(&self, other: &Self) -> bool {
        (&self.what, &self.name) == (&other.what, &other.name)
    }

    fn is_transfer(&self) -> bool {
        self.what == "transfer"
    }

    /// Seconds of CPU for one GiB or one handshake.
    fn cpu(&self) -> f64 {
        self.cpu_s / self.units()
    }

    /// Units done: GiB, or handshakes.
    fn units(&self) -> f64 {
        if self.is_transfer() { self.count as f64 / GIB } else { self.count as f64 }
    }
}

/// The row of a stack. What is compared with the rival is turn by turn.
fn cells(turns: &[&Turn], rival: &[&Turn]) -> [String; 8] {
    let cpu = median(turns.iter().map(|turn| turn.cpu()));
    let wall = median(turns.iter().map(|turn| turn.wall_s / turn.units()));
    let lost: u64 = turns.iter().map(|turn| turn.lost).sum();
    let ratios = || turns.iter().zip(rival).map(|(turn, rival)| turn.cpu() / rival.cpu());
    let (least, most) = (ratios().fold(f64::MAX, f64::min), ratios().fold(0.0, f64::max));
    let (ratio, spread) = (format!("{:.3}", median(ratios())), format!("{least:.2} to {most:.2}"));
    let name = turns.first().map_or("", |turn| turn.name.as_str());
    if turns.iter().any(|turn| turn.is_transfer()) {
        let units = turns.first().map_or(0.0, |turn| turn.units());
        [
            format!("{name}, one stream"),
            format!("{} of {units} GiB", turns.len()),
            format!("{cpu:.2} s/GiB"),
            format!("{:.0} MB", GIB / cpu / 1e6),
            format!("{wall:.2} s/GiB"),
            lost.to_string(),
            ratio,
            spread,
        ]
    } else {
        [
            format!("{name}, full mTLS handshake"),
            format!("{} of {HANDSHAKES}", turns.len()),
            format!("{:.2} ms", cpu * 1e3),
            format!("{:.0}", 1.0 / cpu),
            format!("{:.2} ms", wall * 1e3),
            lost.to_string(),
            ratio,
            spread,
        ]
    }
}
