//! Many messages at a time: one in each 32-bit lane of a vector register.
//!
//! One SM3 computation is a chain of dependent additions and rotations, so a single message cannot use a CPU's
//! vector units. Independent messages can: a kernel compresses one block of each of 16 or 8 of them in about the time
//! of two alone. Nothing is wiped here: it is for public content such as entries, chunks and tree nodes.

mod lane;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::fmt;

use self::lane::{Lane, Message, State};
use super::{Block, Digest, Hasher};

/// Compresses as many blocks of every lane as the shortest slice has: V(i+1) = CF(V(i), B(i)).
type Compress<const LANES: usize> = fn(&mut State<LANES>, &[&[Block]; LANES]);

/// How many times as fast as in a lane a message is hashed alone: 1.7 to 2.4 were measured on Zen 4. Where exactly the
/// line is drawn matters little.
const ALONE: usize = 2;

/// Which implementation [`digest_many`] runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kernel {
    /// Sixteen messages at a time: x86-64 with AVX-512 F and BW.
    Avx512,
    /// Eight messages at a time: x86-64 with AVX2.
    Avx2,
    /// One after another, on any CPU.
    Portable,
}

impl Kernel {
    const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// The fastest one that this CPU runs.
    pub fn selected() -> Self {
        Self::available().next().unwrap_or(Self::Portable)
    }

    /// Those that this CPU runs, the fastest first and [`Portable`](Self::Portable) last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.runs_here())
    }

    #[cfg(target_arch = "x86_64")]
    fn runs_here(self) -> bool {
        match self {
            Self::Avx512 => x86::avx512::compress().is_some(),
            Self::Avx2 => x86::avx2::compress().is_some(),
            Self::Portable => true,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn runs_here(self) -> bool {
        self == Self::Portable
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        })
    }
}

/// The digests of many messages, in their order. A message is its parts, one after another.
///
/// Any mix of lengths works; it is fastest where many are about equally long.
///
/// ```
/// use qianmo_crypto::sm3;
///
/// let digests = sm3::digest_many(&[[b"leaf ".as_slice(), b"one"], [b"leaf ", b"two"]]);
/// assert_eq!(digests, [sm3::digest(b"leaf one"), sm3::digest(b"leaf two")]);
/// ```
pub fn digest_many<const PARTS: usize>(messages: &[[&[u8]; PARTS]]) -> Vec<Digest> {
    run(Kernel::selected(), messages)
}

/// [`digest_many`] on one kernel, to test or to measure it; `None` if this CPU does not run it.
pub fn digest_many_with<const PARTS: usize>(
    kernel: Kernel,
    messages: &[[&[u8]; PARTS]],
) -> Option<Vec<Digest>> {
    kernel.runs_here().then(|| run(kernel, messages))
}

fn run<const PARTS: usize>(kernel: Kernel, messages: &[[&[u8]; PARTS]]) -> Vec<Digest> {
    #[cfg(target_arch = "x86_64")]
    match kernel {
        Kernel::Avx512 => {
            if let Some(compress) = x86::avx512::compress() {
                return Job::new(messages).run(compress);
            }
        }
        Kernel::Avx2 => {
            if let Some(compress) = x86::avx2::compress() {
                return Job::new(messages).run(compress);
            }
        }
        Kernel::Portable => {}
    }
    messages.iter().map(alone).collect()
}

fn alone<const PARTS: usize>(parts: &[&[u8]; PARTS]) -> Digest {
    let mut hasher = Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish()
}

/// Messages on their way through a kernel.
struct Job<'a, const PARTS: usize> {
    /// The longest first: those that are short then fill the lanes that come free while long ones run.
    queue: Vec<Message<'a, PARTS>>,
    digests: Vec<Digest>,
}

impl<'a, const PARTS: usize> Job<'a, PARTS> {
    fn new(messages: &'a [[&'a [u8]; PARTS]]) -> Self {
        let mut queue: Vec<_> =
            messages.iter().enumerate().map(|(i, parts)| Message::new(i, parts)).collect();
        // Stable and linear for what is sorted already, such as messages of one length.
        queue.sort_by_key(|message| std::cmp::Reverse(message.blocks()));
        Self { queue, digests: vec![Digest([0; super::DIGEST_LEN]); messages.len()] }
    }

    fn run<const LANES: usize>(mut self, compress: Compress<LANES>) -> Vec<Digest> {
        let outsized = self.outsized(LANES);
        let mut queue = std::mem::take(&mut self.queue).into_iter();
        for message in queue.by_ref().take(outsized) {
            self.finish(message.index, alone(message.parts));
        }
        let mut state = State::new();
        let mut lanes: [Option<Lane<'a, PARTS>>; LANES] = std::array::from_fn(|_| None);
        loop {
            for (column, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.is_none()) {
                let Some(message) = queue.next() else { break };
                state.begin(column);
                *lane = Some(Lane::new(message));
            }
            let Some(blocks) = blocks(&lanes) else { return self.digests };
            compress(&mut state, &blocks);
            let done = shortest(&blocks);
            for (column, slot) in lanes.iter_mut().enumerate() {
                if let Some(finished) = slot.take_if(|lane| lane.is_done_after(done)) {
                    self.finish(finished.index(), state.digest(column));
                }
            }
        }
    }

    /// How many of the first messages are so much longer than the others that they would keep a kernel busy with
    /// few lanes for longer than they take alone.
    fn outsized(&self, lanes: usize) -> usize {
        let mut rest: usize = self.queue.iter().map(Message::blocks).sum();
        let next = self.queue.iter().skip(1).map(Message::blocks).chain([0]);
        let outsized = self.queue.iter().zip(next).take_while(|(message, next)| {
            rest -= message.blocks();
            message.blocks() > (rest / lanes).max(*next).saturating_mul(ALONE)
        });
        outsized.count()
    }

    fn finish(&mut self, index: usize, digest: Digest) {
        if let Some(place) = self.digests.get_mut(index) {
            *place = digest;
        }
    }
}

/// What each lane has ready; for an idle lane what the busy one with the fewest blocks has. `None` if all are idle.
fn blocks<'l, const LANES: usize, const PARTS: usize>(
    lanes: &'l [Option<Lane<'_, PARTS>>; LANES],
) -> Option<[&'l [Block]; LANES]> {
    let fewest = lanes.iter().flatten().map(Lane::blocks).min_by_key(|blocks| blocks.len())?;
    Some(lanes.each_ref().map(|lane| lane.as_ref().map_or(fewest, Lane::blocks)))
}

fn shortest(blocks: &[&[Block]]) -> usize {
    blocks.iter().map(|blocks| blocks.len()).min().unwrap_or(0)
}
