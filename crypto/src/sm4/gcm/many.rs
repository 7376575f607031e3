//! Many packets in one call: the blocks of short ones share the lanes of a kernel.

use subtle::ConstantTimeEq;

use super::super::counter::Counter;
use super::{Key, NONCE_LEN, TAG_LEN, xor};
use crate::CryptoError;
use crate::sm4::{BLOCK_LEN, Block, Kernel};

/// One of many packets under one key.
pub struct Packet<'a> {
    /// Unique under the key.
    pub nonce: [u8; NONCE_LEN],
    /// Authenticated, not encrypted.
    pub aad: &'a [u8],
    /// Encrypted or decrypted where it lies.
    pub body: &'a mut [u8],
    /// Written by sealing, checked by opening.
    pub tag: [u8; TAG_LEN],
}

/// Blocks encrypted at once: the widest kernel's batch.
const LANES: usize = 64;

impl Key {
    /// Seals each packet where it lies and writes its tag. Faster than one call each for packets of up to
    /// 64 bytes, without GFNI of up to 240.
    ///
    /// # Panics
    /// If a body is longer than [`MAX_LEN`](super::MAX_LEN) (64 GiB).
    pub fn seal_many(&self, packets: &mut [Packet<'_>]) {
        self.in_groups(packets, |packet, stream| match stream {
            Some((mask, stream)) => {
                xor(packet.body, stream);
                packet.tag = self.masked_hash(mask, packet.aad, packet.body);
            }
            None => packet.tag = self.seal_in_place(&packet.nonce, packet.aad, packet.body),
        });
    }

    /// Opens each packet where it lies and says, in their order, which were good. The others stay as they are.
    pub fn open_many(&self, packets: &mut [Packet<'_>]) -> Vec<Result<(), CryptoError>> {
        let mut results = Vec::with_capacity(packets.len());
        self.in_groups(packets, |packet, stream| {
            results.push(match stream {
                Some((mask, stream)) => {
                    let expected = self.masked_hash(mask, packet.aad, packet.body);
                    let matches = bool::from(expected.ct_eq(&packet.tag));
                    if matches {
                        xor(packet.body, stream);
                    }
                    if matches { Ok(()) } else { Err(CryptoError::Decrypt) }
                }
                None => self.open_in_place(&packet.nonce, packet.aad, packet.body, &packet.tag),
            });
        });
        results
    }

    /// Longest packet, in blocks, that gains by going together with others: less where one pass does all of a packet.
    fn short(&self) -> usize {
        match self.cipher.kernel() {
            Kernel::GfniAvx512 | Kernel::GfniAvx2 => 4,
            _ => 15,
        }
    }

    /// Calls `each` with every packet, in order; with E(J0) and the key stream if the packet is short.
    fn in_groups(
        &self,
        packets: &mut [Packet<'_>],
        mut each: impl FnMut(&mut Packet<'_>, Option<(&Block, &[Block])>),
    ) {
        let short = self.short();
        let mut lanes = [Block::default(); LANES];
        let mut rest = packets;
        while !rest.is_empty() {
            let (group, others) = rest.split_at_mut(group_len(rest, short));
            let mut used = 0;
            for packet in group.iter() {
                let first = Counter::new(packet.nonce, 1);
                let free = lanes.iter_mut().skip(used).take(needed(packet, short));
                free.zip(0..).for_each(|(lane, i)| *lane = first.plus(i).to_block());
                used += needed(packet, short);
            }
            if let Some(used) = lanes.get_mut(..used) {
                self.cipher.encrypt_blocks(used);
            }
            let mut streams = lanes.as_slice();
            for packet in group {
                let stream = streams.split_off(..needed(packet, short)).and_then(<[Block]>::split_first);
                each(packet, stream);
            }
            rest = others;
        }
    }
}

/// How many packets from the front share the lanes: as many short ones as fit, or one long one.
fn group_len(packets: &[Packet<'_>], short: usize) -> usize {
    let mut free = LANES;
    let fits = |packet: &&Packet<'_>| {
        let lanes = needed(packet, short);
        let fits = lanes > 0 && lanes <= free;
        free = free.saturating_sub(lanes);
        fits
    };
    packets.iter().take_while(fits).count().max(1)
}

/// Lanes that a packet takes: E(J0) and its key stream if it is short, none if it is long.
fn needed(packet: &Packet<'_>, short: usize) -> usize {
    let blocks = packet.body.len().div_ceil(BLOCK_LEN);
    if blocks > short { 0 } else { 1 + blocks }
}
