//! A buffer as the batches of a kernel: `G` groups of four registers, each register `L` bytes of the buffer.

/// What goes through the rounds at once.
pub(super) type Batch<const L: usize, const G: usize> = [[[u8; L]; 4]; G];

/// The whole batches of `bytes`, at most `count` of them, and the rest.
pub(super) fn split<const L: usize, const G: usize>(
    bytes: &mut [u8],
    count: usize,
) -> (&mut [Batch<L, G>], &mut [u8]) {
    let count = count.min(bytes.len() / size_of::<Batch<L, G>>());
    let (whole, rest) = bytes.split_at_mut(count * size_of::<Batch<L, G>>());
    (whole.as_chunks_mut().0.as_chunks_mut().0.as_chunks_mut().0, rest)
}

/// Does `work` on `bytes`, which are at most a batch, with zeros behind them.
#[inline]
pub(super) fn padded<const L: usize, const G: usize>(bytes: &mut [u8], work: impl FnOnce(&mut Batch<L, G>)) {
    let mut batch = [[[0; L]; 4]; G];
    let (start, _) = batch.as_flattened_mut().as_flattened_mut().split_at_mut(bytes.len());
    start.copy_from_slice(bytes);
    work(&mut batch);
    let (start, _) = batch.as_flattened().as_flattened().split_at(bytes.len());
    bytes.copy_from_slice(start);
}
