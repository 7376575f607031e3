//! Count, sum, mean and variance of each column.

use qianmo_guest::{ColumnType, Error, Field, IntegerMoments, Level, Moments, Rows, TableBuilder, log};

/// A column, as far as it has been read.
pub(crate) struct Summary {
    name: String,
    moments: Kind,
}

enum Kind {
    Real(Moments),
    Whole(IntegerMoments),
}

impl Summary {
    /// Of a column of that name and type; nothing read.
    pub(crate) fn of(field: &Field) -> Self {
        let moments = match field.ty {
            ColumnType::Boolean | ColumnType::Int32 | ColumnType::Int64 => {
                Kind::Whole(IntegerMoments::default())
            }
            // What is no number at all is refused when it is read.
            _ => Kind::Real(Moments::default()),
        };
        Self { name: field.name.clone(), moments }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Adds rows in which the column stands at `index`.
    pub(crate) fn add(&mut self, rows: &Rows<'_>, index: usize) -> Result<(), Error> {
        match &mut self.moments {
            Kind::Real(moments) => moments.add_column(&rows.numbers(index)?),
            Kind::Whole(moments) => moments.add_column(&rows.integers(index)?),
        }
        Ok(())
    }

    /// Refuses what is no finite number.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.sum().is_finite() && self.variance().is_none_or(f64::is_finite) {
            return Ok(());
        }
        let name = &self.name;
        Err(Error::numeric(format!(
            "column `{name}` has values that are infinite, not numbers, or too large to be summed"
        )))
    }

    fn count(&self) -> u64 {
        match &self.moments {
            Kind::Real(moments) => moments.count(),
            Kind::Whole(moments) => moments.count(),
        }
    }

    fn sum(&self) -> f64 {
        match &self.moments {
            Kind::Real(moments) => moments.sum(),
            Kind::Whole(moments) => moments.sum() as f64,
        }
    }

    /// The sum of whole numbers, if it fits.
    fn exact_sum(&self) -> Option<i64> {
        let Kind::Whole(moments) = &self.moments else { return None };
        let exact = i64::try_from(moments.sum()).ok();
        if exact.is_none() {
            let text = "the exact sum does not fit in 64 bits: `exact_sum` is empty, `sum` is rounded";
            log(Level::Warn, &format!("column `{}`: {text}", self.name));
        }
        exact
    }

    fn mean(&self) -> Option<f64> {
        let mean = match &self.moments {
            Kind::Real(moments) => moments.mean(),
            Kind::Whole(moments) => moments.mean(),
        };
        (self.count() > 0).then_some(mean)
    }

    fn variance(&self) -> Option<f64> {
        match &self.moments {
            Kind::Real(moments) => moments.variance(),
            Kind::Whole(moments) => moments.variance(),
        }
    }
}

/// A row per column. Means need a value, variances two.
pub(crate) fn table(summaries: &[Summary], rows: u64) -> TableBuilder {
    let contributors = summaries.iter().map(|summary| crate::groups::saturate(summary.count())).collect();
    let mut table = TableBuilder::new("summary", contributors)
        .texts("column", summaries.iter().map(|summary| Some(summary.name())))
        .counts("count", summaries.iter().map(Summary::count))
        .counts("missing", summaries.iter().map(|summary| rows - summary.count()))
        .numbers("sum", summaries.iter().map(|summary| Some(summary.sum())));
    if summaries.iter().any(|summary| matches!(summary.moments, Kind::Whole(_))) {
        table = table.integers("exact_sum", summaries.iter().map(Summary::exact_sum));
    }
    table
        .numbers("mean", summaries.iter().map(Summary::mean))
        .numbers("variance", summaries.iter().map(Summary::variance))
}
