//! What the sandbox costs: 10 million rows of 4 columns, summarised by the shipped model `stats` and by a
//! native loop over the same columns. `cargo run --release --example scan`.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use qianmo_sandbox::{Column, ColumnData, ColumnType, Engine, EngineConfig, Field, Job, MemTable, shipped};

const ROWS: usize = 10_000_000;
const TURNS: usize = 5;
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let columns: Vec<Vec<f64>> = (1..=4_u32).map(column).collect();
    let model = Engine::new(EngineConfig::default())?.compile(shipped::STATS)?;
    let fields = NAMES.map(|name| Field { name: name.to_owned(), ty: ColumnType::Float64, nullable: false });
    let data = columns.iter().map(|values| Column::new(ColumnData::F64(values.clone())));
    let table = MemTable::new("t", fields.into(), data.collect())?;

    let native = best(|| {
        black_box(columns.iter().map(|values| moments(black_box(values))).collect::<Vec<_>>());
    });
    let mut fuel = 0;
    let sandboxed = best(|| {
        let outcome = model.analyse(Job::new(vec![Box::new(table.clone())], "{}"));
        fuel = outcome.usage.fuel;
        if let Err(error) = outcome.result {
            eprintln!("{error}");
        }
    });
    println!(
        "{ROWS} rows x 4 float64 columns ({} MB), count, sum, mean, variance; best of {TURNS}",
        ROWS * 32 / 1_000_000
    );
    report("native loop", native);
    report("sandbox", sandboxed);
    println!("ratio        {:8.2}", sandboxed.as_secs_f64() / native.as_secs_f64());
    println!("fuel         {fuel:8}");
    Ok(())
}

/// Pseudo-random numbers (a linear congruential generator, by Knuth), seeded by the column's number.
fn column(seed: u32) -> Vec<f64> {
    let mut state = u64::from(seed);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..ROWS).map(|_| next()).collect()
}

/// The model's arithmetic: sum, then squared distances from the mean, batch by batch, in eight lanes.
fn moments(values: &[f64]) -> (f64, f64) {
    let (mut count, mut mean, mut m2) = (0.0, 0.0, 0.0);
    for batch in values.chunks(60_000) {
        let n = batch.len() as f64;
        let batch_mean = lanes(batch, |value| value) / n;
        let batch_m2 = lanes(batch, |value| (value - batch_mean) * (value - batch_mean));
        let distance: f64 = batch_mean - mean;
        m2 += batch_m2 + distance * distance * count * n / (count + n);
        mean += distance * n / (count + n);
        count += n;
    }
    (mean, m2)
}

fn lanes(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let mut chunks = values.chunks_exact(8);
    for chunk in &mut chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += f(*value);
        }
    }
    sums.iter().sum::<f64>() + chunks.remainder().iter().map(|value| f(*value)).sum::<f64>()
}

fn best(mut work: impl FnMut()) -> Duration {
    let times = (0..TURNS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

fn report(name: &str, time: Duration) {
    let rate = ROWS as f64 / time.as_secs_f64() / 1e6;
    println!("{name:12} {:8.1} ms {rate:8.1} Mrow/s", time.as_secs_f64() * 1e3);
}
