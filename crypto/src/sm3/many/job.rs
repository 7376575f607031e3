//! Messages on their way through the lanes of a kernel.

use super::alone;
use super::lane::{Lane, Message, State};
use crate::sm3::{Block, DIGEST_LEN, Digest};

/// Compresses as many blocks of every lane as the shortest slice has: V(i+1) = CF(V(i), B(i)).
pub(super) type Compress<const LANES: usize> = fn(&mut State<LANES>, &[&[Block]; LANES]);

/// How many times as fast as in a lane a message is hashed alone: 1.7 to 2.4 were measured on Zen 4. Where exactly the
/// line is drawn matters little.
const ALONE: usize = 2;

/// The messages, and the digests of those that are done.
pub(super) struct Job<'a, const PARTS: usize> {
    /// The longest first: those that are short then fill the lanes that come free while long ones run.
    queue: Vec<Message<'a, PARTS>>,
    digests: Vec<Digest>,
}

impl<'a, const PARTS: usize> Job<'a, PARTS> {
    pub(super) fn new(messages: &'a [[&'a [u8]; PARTS]]) -> Self {
        let mut queue: Vec<_> =
            messages.iter().enumerate().map(|(i, parts)| Message::new(i, parts)).collect();
        // Stable and linear for what is sorted already, such as messages of one length.
        queue.sort_by_key(|message| std::cmp::Reverse(message.blocks()));
        Self { queue, digests: vec![Digest([0; DIGEST_LEN]); messages.len()] }
    }

    pub(super) fn run<const LANES: usize>(mut self, compress: Compress<LANES>) -> Vec<Digest> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_far_longer_than_the_others_is_hashed_alone() {
        let (long, short) = (vec![1; 64 * 1000], [2; 64]);
        let mut messages = vec![[short.as_slice()]; 40];
        messages[7] = [&long];
        assert_eq!(Job::new(&messages).outsized(16), 1);
        assert_eq!(Job::new(&[[long.as_slice()]; 2]).outsized(16), 0);
        assert_eq!(Job::new(&[[long.as_slice()]]).outsized(16), 1);
    }
}
