//! SM3's compression function, written once for words and for vectors of any width.

/// T_j rotated left by j (GB/T 32905-2016, 4.2 and 5.3.3), by rounds of sixteen.
#[expect(clippy::indexing_slicing, reason = "it would not compile if one were out of range")]
pub(super) const T: [[u32; 16]; 4] = {
    let mut t = [[0; 16]; 4];
    let mut j = 0;
    while j < 64 {
        let constant: u32 = if j < 16 { 0x79cc_4519 } else { 0x7a87_9d8a };
        t[j / 16][j % 16] = constant.rotate_left(j as u32 % 32);
        j += 1;
    }
    t
};

/// Sixteen times the body, with `$j` a constant from 0 to 15: what it indexes then stays in registers.
macro_rules! sixteen_times {
    ($j:ident => $body:block) => {
        sixteen_times!($j => $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    ($j:ident => $body:block, $($n:literal)*) => {
        $({ const $j: usize = $n; $body })*
    };
}
pub(super) use sixteen_times;

/// Defines `compress_block(v, w)`: V(i+1) = CF(V(i), B(i)) (GB/T 32905-2016, 5.3) for one block in each lane, with
/// `v` the words A to H and `w` the block's words. The module it is used in has the vector operations `add`, `xor`,
/// `xor3`, `majority`, `choose`, `rotate_left`, `p0`, `p1` and `splat`, and `ready`, which
/// returns its argument and may keep the compiler from regrouping a sum around it.
macro_rules! compression_function {
    ($vector:ty, $features:literal) => {
        #[target_feature(enable = $features)]
        #[inline]
        fn compress_block(v: &mut [$vector; 8], mut w: [$vector; 16]) {
            use crate::sm3::rounds::{T, sixteen_times};

            let [first, others @ ..] = &T;
            let mut s = *v;
            sixteen_times!(J => {
                if J >= 12 {
                    w[(J + 4) % 16] = expand::<J>(&w);
                }
                s = round::<true>(s, w[J], w[(J + 4) % 16], splat(first[J]));
            });
            for t in others {
                sixteen_times!(J => {
                    w[(J + 4) % 16] = expand::<J>(&w);
                    s = round::<false>(s, w[J], w[(J + 4) % 16], splat(t[J]));
                });
            }
            for (v, s) in v.iter_mut().zip(s) {
                *v = xor(*v, s);
            }
        }

        /// W(j+4) from the sixteen words before it, of which W(n) is at n mod 16 (5.3.2).
        #[target_feature(enable = $features)]
        #[inline]
        #[expect(clippy::indexing_slicing, reason = "each index is modulo the length")]
        fn expand<const J: usize>(w: &[$vector; 16]) -> $vector {
            let mixed = xor3(w[(J + 4) % 16], w[(J + 11) % 16], rotate_left::<15>(w[(J + 1) % 16]));
            xor3(p1(mixed), rotate_left::<7>(w[(J + 7) % 16]), w[(J + 14) % 16])
        }

        /// One round (5.3.3), with `w4` the word W(j+4). `EARLY` are the first sixteen.
        #[target_feature(enable = $features)]
        #[inline]
        fn round<const EARLY: bool>(
            [a, b, c, d, e, f, g, h]: [$vector; 8],
            w: $vector,
            w4: $vector,
            t: $vector,
        ) -> [$vector; 8] {
            let (ff, gg) = if EARLY {
                (xor3(a, b, c), xor3(e, f, g))
            } else {
                (majority(a, b, c), choose(e, f, g))
            };
            let a12 = rotate_left::<12>(a);
            // A round waits for `e`, then for `ss1`: what is added to them is summed up before.
            let ss1 = rotate_left::<7>(add(ready(add(a12, t)), e));
            let ss2 = xor(ss1, a12);
            let tt1 = add(ready(add(ff, ready(add(d, xor(w, w4))))), ss2);
            let tt2 = add(ready(add(gg, ready(add(h, w)))), ss1);
            [tt1, a, rotate_left::<9>(b), c, p0(tt2), e, rotate_left::<19>(f), g]
        }
    };
}
pub(super) use compression_function;
