use super::*;
use crate::sm4::oracle;

#[test]
fn blocks_agree_with_the_definition() {
    oracle::check_blocks(encrypt_blocks);
}

#[test]
fn counter_mode_agrees_with_the_definition() {
    oracle::check_ctr(ctr);
}
