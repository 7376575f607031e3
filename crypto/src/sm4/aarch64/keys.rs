//! A key for the kernels of this family, safe to use: the constructor asks the processor, so a value proves that the
//! instructions exist.
#![expect(unsafe_code, reason = "calls to functions compiled for instructions that the processor may lack")]

use std::marker::PhantomData;

use crate::sm4::batch::{padded, split};
use crate::sm4::counter::Counter;
#[cfg(test)]
use crate::sm4::oracle;
use crate::sm4::schedule::{self, ROUNDS, RoundKeys};
use crate::sm4::{Block, KEY_LEN};

/// Four blocks in the order of memory.
pub(super) type Group = [Block; 4];
/// Groups that go through the rounds together.
const WIDE: usize = 4;
/// The same for what is left over if it is short.
const HALF: usize = WIDE / 2;
const GROUP_LEN: usize = size_of::<Group>();

/// A way through SM4's rounds.
pub(in crate::sm4) trait Rounds {
    /// Whether this processor has the instructions, and its bytes in the order that they count on.
    fn is_available() -> bool;

    /// The round keys of `key`.
    ///
    /// # Safety
    /// The instructions [are there](Self::is_available). So for all that follow.
    unsafe fn expand(key: &[u8; KEY_LEN]) -> RoundKeys;

    /// Moves round keys into the form in which the rounds take them.
    ///
    /// # Safety
    /// As above.
    unsafe fn prepare(round_keys: &mut [u32; ROUNDS]);

    /// Encrypts each block; decrypts with the round keys in reverse.
    ///
    /// # Safety
    /// As above.
    unsafe fn encrypt<const G: usize>(keys: &[u32; ROUNDS], groups: &mut [Group; G]);

    /// Adds the key stream of counter mode from `counter` on to the blocks.
    ///
    /// # Safety
    /// As above.
    unsafe fn add_stream<const G: usize>(keys: &[u32; ROUNDS], counter: Counter, groups: &mut [Group; G]);
}

/// The round keys in the form of `R`.
pub(in crate::sm4) struct Keys<R>(RoundKeys, PhantomData<R>);

impl<R: Rounds> Keys<R> {
    /// Expands `key`, unless the processor lacks the instructions.
    pub(in crate::sm4) fn new(key: &[u8; KEY_LEN]) -> Option<Self> {
        // SAFETY: the instructions are there.
        R::is_available().then(|| unsafe { Self::prepared(R::expand(key)) })
    }

    /// # Safety
    /// The processor has the instructions.
    unsafe fn prepared(mut round_keys: RoundKeys) -> Self {
        // SAFETY: as the caller says.
        unsafe { R::prepare(&mut round_keys) };
        Self(round_keys, PhantomData)
    }

    pub(in crate::sm4) fn encrypt_block(&self, block: &mut Block) {
        self.encrypt_blocks(std::slice::from_mut(block));
    }

    pub(in crate::sm4) fn encrypt_blocks(&self, blocks: &mut [Block]) {
        let (whole, rest) = split::<16, WIDE>(blocks.as_flattened_mut(), usize::MAX);
        for groups in whole {
            self.encrypt(groups);
        }
        match rest.len().div_ceil(GROUP_LEN) {
            0 => {}
            1 => padded::<_, 1>(rest, |groups| self.encrypt(groups)),
            HALF => padded::<_, HALF>(rest, |groups| self.encrypt(groups)),
            _ => padded::<_, WIDE>(rest, |groups| self.encrypt(groups)),
        }
    }

    /// The same key for decryption, by the encrypting functions.
    pub(in crate::sm4) fn reversed(&self) -> Self {
        Self(schedule::reversed(&self.0), PhantomData)
    }

    /// XORs the key stream from `counter` on into `data`.
    pub(in crate::sm4) fn ctr(&self, mut counter: Counter, data: &mut [u8]) {
        let (whole, rest) = split::<16, WIDE>(data, usize::MAX);
        for groups in whole {
            self.add_stream(counter, groups);
            counter = counter.plus((4 * WIDE) as u32);
        }
        match rest.len().div_ceil(GROUP_LEN) {
            0 => {}
            1 => padded::<_, 1>(rest, |groups| self.add_stream(counter, groups)),
            HALF => padded::<_, HALF>(rest, |groups| self.add_stream(counter, groups)),
            _ => padded::<_, WIDE>(rest, |groups| self.add_stream(counter, groups)),
        }
    }

    fn encrypt<const G: usize>(&self, groups: &mut [Group; G]) {
        // SAFETY: `new` asked for the instructions.
        unsafe { R::encrypt(&self.0, groups) }
    }

    fn add_stream<const G: usize>(&self, counter: Counter, groups: &mut [Group; G]) {
        // SAFETY: `new` asked for the instructions.
        unsafe { R::add_stream(&self.0, counter, groups) }
    }
}

/// Checks one way through the rounds against the definition.
#[cfg(test)]
pub(super) fn check<R: Rounds>() {
    assert!(R::is_available(), "this processor lacks the instructions");
    // SAFETY: the instructions are there, as just asked.
    let keys = |round_keys: &[u32; ROUNDS]| unsafe { Keys::<R>::prepared((*round_keys).into()) };
    oracle::check_blocks(|round_keys, blocks| keys(round_keys).encrypt_blocks(blocks));
    oracle::check_ctr(|round_keys, nonce, counter, data| {
        keys(round_keys).ctr(Counter::new(*nonce, counter), data);
    });
    for seed in 0..20 {
        let key = oracle::bytes(seed, KEY_LEN).try_into().unwrap();
        // SAFETY: the instructions are there, as just asked.
        assert_eq!(unsafe { R::expand(&key) }, schedule::expand(&key));
    }
}
