//! Ids given by unique prefix, as git takes commits.

use std::fmt::Display;

use qianmo_proto::page;

use super::{
    exit::Fault,
    words::{Message, msg},
};

/// The one element of `all` whose id is `given` or starts with it. `what` names the kind in errors.
pub(crate) fn pick<'a, T, I: Display>(
    what: &str,
    given: &str,
    all: &'a [T],
    id: impl Fn(&T) -> I,
) -> Result<&'a T, Fault> {
    let matching: Vec<(&T, String)> = all
        .iter()
        .map(|item| (item, id(item).to_string()))
        .filter(|(_, id)| page::begins(id, given))
        .collect();
    match matching.as_slice() {
        [(only, _)] => Ok(only),
        [] => Err(Fault::input(
            msg("pick-none").saying("what", thing(what)).with("given", given).with("noun", what),
        )),
        several => match several.iter().find(|(_, id)| id == given) {
            Some((exact, _)) => Ok(exact),
            None => {
                let ids: Vec<_> = several.iter().map(|(_, id)| id.as_str()).collect();
                Err(Fault::input(msg("pick-several").with("given", given).with("ids", ids.join(", "))))
            }
        },
    }
}

/// What the commands of the noun `what` are about.
fn thing(what: &str) -> Message {
    match what {
        "request" => msg("thing-request"),
        "contract" => msg("thing-contract"),
        "job" => msg("thing-job"),
        "model" => msg("thing-model"),
        _ => msg("thing-other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_prefix_is_enough() {
        let ids = ["job-66c7f0f462eeedd9d1f2", "job-66d0f0f462eeedd9d1f2", "job-70aaaaaaaaaaaaaaaaaa"];
        let picked = |given: &str| pick("job", given, &ids, |id| *id).copied().map_err(|e| e.to_string());
        assert_eq!(picked("job-7").unwrap(), ids[2]);
        assert_eq!(picked("66c").unwrap(), ids[0]);
        assert_eq!(picked(ids[1]).unwrap(), ids[1]);
        assert!(picked("66").unwrap_err().contains("several: job-66c7"));
        assert!(picked("88").unwrap_err().contains("no job 88"));
        assert!(picked("").is_err());
    }

    #[test]
    fn an_exact_id_wins_over_longer_ones() {
        let ids = ["glm", "glm2"];
        assert_eq!(*pick("model", "glm", &ids, |id| *id).unwrap(), "glm");
    }
}
