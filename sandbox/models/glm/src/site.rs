//! A site's half of a round: sums over its rows.

use qianmo_guest::{Error, Numbers, Rows, Sums, Table, Update, UpdateBuilder, Vector, vector};

use crate::linalg::dot;
use crate::logistic::{Derivatives, log_loss};
use crate::params::Params;
use crate::state::{Phase, State};

/// Names of the numbers that tell the coordinator whether all sites fit the same columns.
pub(crate) const COLUMNS: [&str; 2] = ["columns", "columns_squared"];

/// What the coordinator asks for by its state.
pub(crate) fn contribute(_round: u32, state: &[Vector]) -> Result<Update, Error> {
    let data = Data::open(Params::of_job()?)?;
    let Some(state) = State::from_vectors(state)? else { return data.moments() };
    if state.mean.len() != data.features.len() {
        return Err(Error::bad_schema(format!(
            "the run has {} features and this table {}",
            state.mean.len(),
            data.features.len()
        )));
    }
    match state.phase {
        Phase::Newton => data.derivatives(&state),
        Phase::Evaluate => data.evaluation(&state),
        Phase::Done => Err(Error::internal("the run is over")),
    }
}

/// The rows, as features and a target.
struct Data {
    table: Table,
    features: Vec<String>,
    target: String,
}

impl Data {
    fn open(params: Params) -> Result<Self, Error> {
        let table = Table::named_or_only(params.table.as_deref())?;
        let target = params.target;
        let features = params.features.unwrap_or_else(|| {
            table.numeric_columns().filter(|name| *name != target).map(str::to_owned).collect()
        });
        if features.is_empty() {
            return Err(Error::bad_schema("there is no numeric column besides the target"));
        }
        Ok(Self { table, features, target })
    }

    /// Σx and Σx² of each feature.
    fn moments(&self) -> Result<Update, Error> {
        let mut sums = vec![Sums::default(); self.features.len()];
        let samples = self.scan(|features, _| {
            sums.iter_mut().zip(features).for_each(|(sums, values)| sums.add_slice(values));
        })?;
        let [columns, columns_squared] = COLUMNS;
        let mark = self.mark();
        Ok(UpdateBuilder::new(samples)
            .vector(vector("sum", sums.iter().map(|sums| sums.sum).collect()))
            .vector(vector("sum_of_squares", sums.iter().map(|sums| sums.squares).collect()))
            .metric(columns, mark)
            .metric(columns_squared, mark * mark)
            .build())
    }

    fn derivatives(&self, state: &State) -> Result<Update, Error> {
        let size = state.w.len();
        let mut sums = Derivatives::new(size);
        let samples = self.scan_rows(state, |x, y| sums.add(&state.w, x, y))?;
        let side = u32::try_from(size).map_err(|_| Error::internal("over 4 billion features"))?;
        let hessian = Vector { name: "hessian".to_owned(), shape: vec![side, side], values: sums.hessian() };
        Ok(UpdateBuilder::new(samples)
            .vector(vector("gradient", sums.gradient))
            .vector(hessian)
            .metric("deviance", sums.deviance)
            .build())
    }

    fn evaluation(&self, state: &State) -> Result<Update, Error> {
        let (mut correct, mut deviance) = (0_u64, 0.0);
        let samples = self.scan_rows(state, |x, y| {
            let score = dot(&state.w, x);
            correct += u64::from((score > 0.0) == (y > 0.5));
            deviance += 2.0 * log_loss(score, y);
        })?;
        Ok(UpdateBuilder::new(samples).metric("correct", correct as f64).metric("deviance", deviance).build())
    }

    /// Goes through the rows one by one, standardised and with 1 for the intercept in front.
    fn scan_rows(&self, state: &State, mut visit: impl FnMut(&[f64], f64)) -> Result<u64, Error> {
        let mut x = vec![1.0; state.w.len()];
        self.scan(|features, target| {
            for (row, y) in target.iter().enumerate() {
                let scale = state.mean.iter().zip(&state.sd);
                for ((to, values), (mean, sd)) in x.iter_mut().skip(1).zip(features).zip(scale) {
                    *to = values.get(row).map_or(0.0, |value| (value - mean) / sd);
                }
                visit(&x, *y);
            }
        })
    }

    /// Goes through the rows batch by batch: the features' columns, and the target's. Returns their number.
    fn scan(&self, mut visit: impl FnMut(&[&[f64]], &[f64])) -> Result<u64, Error> {
        let mut names: Vec<&str> = self.features.iter().map(String::as_str).collect();
        names.push(&self.target);
        let mut scan = self.table.scan(&names)?;
        let mut samples = 0;
        while let Some(rows) = scan.next()? {
            let columns = read(&rows, &names)?;
            let dense: Result<Vec<&[f64]>, Error> =
                columns.iter().zip(&names).map(|(column, name)| complete(column, name)).collect();
            let dense = dense?;
            let Some((target, features)) = dense.split_last() else { continue };
            if target.iter().any(|value| *value != 0.0 && *value != 1.0) {
                return Err(Error::bad_schema(format!(
                    "the target `{}` has values other than 0 and 1",
                    self.target
                )));
            }
            samples += rows.len() as u64;
            visit(features, target);
        }
        if samples == 0 {
            return Err(Error::no_data("the table has no rows"));
        }
        Ok(samples)
    }

    /// A number under 2²⁰ that differs for other columns or another order. Its square, summed over
    /// thousands of sites, is still exact.
    fn mark(&self) -> f64 {
        let names = self.features.iter().chain([&self.target]);
        // FNV-1a, with a byte between names that UTF-8 does not have.
        let hash = names
            .flat_map(|name| name.bytes().chain([0xff]))
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        f64::from(hash >> 12)
    }
}

fn read<'a>(rows: &'a Rows<'_>, names: &[&str]) -> Result<Vec<Numbers<'a>>, Error> {
    (0..names.len()).map(|index| rows.numbers(index)).collect()
}

/// A column without gaps: this model cannot know what would stand in them.
fn complete<'a>(column: &'a Numbers<'_>, name: &str) -> Result<&'a [f64], Error> {
    let Some(values) = column.dense() else {
        return Err(Error::bad_schema(format!(
            "column `{name}` has missing values; leave those rows out in the dataset's view, or do without the column"
        )));
    };
    if !values.iter().all(|value| value.is_finite()) {
        return Err(Error::numeric(format!("column `{name}` has a value that is infinite or not a number")));
    }
    Ok(values)
}
