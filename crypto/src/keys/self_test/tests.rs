use super::*;

#[test]
fn every_algorithm_passes() {
    for (name, passes) in TESTS {
        assert_eq!(passes(), Some(true), "{name}");
    }
}

#[test]
fn a_wrong_or_missing_answer_is_a_failure_that_names_the_algorithm() {
    let good: Test = ("good", || Some(true));
    for bad in [("bad", (|| Some(false)) as fn() -> Option<bool>), ("bad", || None)] {
        assert_eq!(run(&[good, bad, good]), Err(CryptoError::SelfTest("bad")));
    }
    assert_eq!(run(&[good, good]), Ok(()));
}
