//! The order's parameters.

use qianmo_guest::{Error, params};

/// What to fit, and when to stop.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    pub(crate) table: Option<String>,
    pub(crate) target: String,
    pub(crate) features: Option<Vec<String>>,
    #[serde(default = "default_max_rounds")]
    pub(crate) max_rounds: u32,
    #[serde(default = "default_l2")]
    pub(crate) l2: f64,
    #[serde(default = "default_tolerance")]
    pub(crate) tolerance: f64,
}

fn default_max_rounds() -> u32 {
    25
}

fn default_l2() -> f64 {
    1.0
}

fn default_tolerance() -> f64 {
    1e-10
}

impl Params {
    /// The job's parameters, in range.
    pub(crate) fn of_job() -> Result<Self, Error> {
        params::<Self>()?.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        if self.max_rounds == 0 {
            return Err(Error::bad_params("`max_rounds` must be at least 1"));
        }
        if !(self.l2.is_finite() && self.l2 >= 0.0) {
            return Err(Error::bad_params("`l2` must be 0 or more"));
        }
        if !(self.tolerance.is_finite() && self.tolerance > 0.0) {
            return Err(Error::bad_params("`tolerance` must be more than 0"));
        }
        if self.features.as_ref().is_some_and(|features| features.contains(&self.target)) {
            return Err(Error::bad_params(format!("the target `{}` cannot be a feature too", self.target)));
        }
        if let Some(name) = self.features.as_deref().and_then(twice) {
            return Err(Error::bad_params(format!("`features` names `{name}` twice")));
        }
        Ok(self)
    }
}

/// A name that the list has more than once.
fn twice(names: &[String]) -> Option<&String> {
    names
        .iter()
        .enumerate()
        .find(|(index, name)| names.iter().take(*index).any(|other| other == *name))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(l2: f64, tolerance: f64, max_rounds: u32, features: &[&str]) -> Result<Params, Error> {
        let features = Some(features.iter().map(|name| (*name).to_owned()).collect());
        Params { table: None, target: "y".to_owned(), features, max_rounds, l2, tolerance }.checked()
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        assert!(params(0.0, 1e-10, 1, &["x"]).is_ok());
        for refused in [
            params(-1.0, 1e-10, 1, &["x"]),
            params(1.0, 0.0, 1, &["x"]),
            params(1.0, 1e-10, 0, &["x"]),
            params(1.0, 1e-10, 1, &["x", "y"]),
            params(1.0, 1e-10, 1, &["x", "z", "x"]),
        ] {
            assert!(refused.is_err());
        }
    }
}
