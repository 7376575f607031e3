//! A site's half of a round: sums over its rows.

use qianmo_guest::{Error, Numbers, Rows, Sums, Table, Update, UpdateBuilder, Vector, labelled, vector};

use crate::linalg::{Half, dot};
use crate::logistic::{Derivatives, log_loss};
use crate::params::Params;
use crate::state::{Phase, State};

/// The vectors that name the features, as `position:NAME`, and tell where each stands at the site.
pub(crate) const POSITION: &str = "position";

/// What the coordinator asks for by its state.
pub(crate) fn contribute(_round: u32, state: &[Vector]) -> Result<Update, Error> {
    let data = Data::open(Params::of_job()?)?;
    let Some(state) = State::from_vectors(state)? else { return data.sums() };
    let data = data.in_order_of(&state.features)?;
    match state.phase {
        Phase::Deviations => data.deviations(&state),
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

    /// The same features in the order of the run. A state cannot bring in others.
    fn in_order_of(self, features: &[String]) -> Result<Self, Error> {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names
        };
        let (run, own) = (sorted(features), sorted(&self.features));
        if run != own {
            return Err(Error::bad_schema(format!(
                "the run has the features {}, and this table {}",
                run.join(", "),
                own.join(", ")
            )));
        }
        Ok(Self { features: features.to_vec(), ..self })
    }

    /// Σx of each feature. Its name comes along, in the order of names: sites with the same columns in different
    /// orders send the same.
    fn sums(&self) -> Result<Update, Error> {
        let (sums, positives, samples) = self.sums_about(&vec![0.0; self.features.len()])?;
        let mut features: Vec<(&String, f64, f64)> =
            self.features.iter().zip(&sums).zip(0_u32..).map(|((f, s), at)| (f, s.sum, at.into())).collect();
        features.sort_unstable_by_key(|(name, ..)| *name);
        let positions: Vec<f64> = features.iter().map(|(.., position)| *position).collect();
        let names = features.iter().map(|(name, ..)| name.as_str());
        let update = UpdateBuilder::new(samples)
            .vector(vector("sum", features.iter().map(|(_, sum, _)| *sum).collect()))
            .metric("positives", positives);
        Ok(labelled(POSITION, names, &positions).fold(update, UpdateBuilder::vector).build())
    }

    /// Σ(x − mean) and Σ(x − mean)² of each feature.
    fn deviations(&self, state: &State) -> Result<Update, Error> {
        let (sums, _, samples) = self.sums_about(&state.mean)?;
        Ok(UpdateBuilder::new(samples)
            .vector(vector("deviation", sums.iter().map(|sums| sums.sum).collect()))
            .vector(vector("square", sums.iter().map(|sums| sums.squares).collect()))
            .build())
    }

    /// Sums of the features about `centres`, the number of rows whose target is 1, and that of all rows.
    fn sums_about(&self, centres: &[f64]) -> Result<(Vec<Sums>, f64, u64), Error> {
        let mut sums = vec![Sums::default(); self.features.len()];
        let mut positives = 0.0;
        let samples = self.scan(|features, target| {
            let columns = features.iter().zip(centres);
            sums.iter_mut().zip(columns).for_each(|(sums, (values, centre))| sums.add_slice(values, *centre));
            positives += target.iter().sum::<f64>();
        })?;
        match sums.iter().zip(&self.features).find(|(sums, _)| !sums.squares.is_finite()) {
            Some((_, name)) => {
                Err(Error::numeric(format!("column `{name}` has values too large to be squared")))
            }
            None => Ok((sums, positives, samples)),
        }
    }

    fn derivatives(&self, state: &State) -> Result<Update, Error> {
        let size = state.w.len();
        let mut sums = Derivatives::new(size);
        let samples = self.scan_rows(state, |x, y| sums.add(&state.w, x, y))?;
        let axis = |length| u32::try_from(length).map_err(|_| Error::internal("over 4 billion features"));
        let half = Half::of(size);
        let hessian = Vector {
            name: "hessian".to_owned(),
            shape: vec![axis(size)?, axis(half.width())?],
            values: half.pack(&sums.hessian()),
        };
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
