//! Keccak-f[1600] on eight states.

use crate::{Lanes, each};

const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// The permutation. The word at column x and row y of a state is number `5 * y + x`.
#[inline(always)]
pub fn permute(mut a: [Lanes; 25]) -> [Lanes; 25] {
    for round in ROUNDS {
        let c = each!(5, x => a[x].xor3(a[x + 5], a[x + 10]).xor3(a[x + 15], a[x + 20]));
        let r = each!(5, x => c[(x + 1) % 5].rol::<1>());
        let mut b = a;
        // Spelled out: a loop over 25 words is not unrolled, and the state falls out of the registers.
        macro_rules! theta_rho_pi {
            ($($to:literal, $from:literal, $by:literal;)*) => {
                $( b[$to] = a[$from].xor3(c[($from + 4) % 5], r[$from % 5]).rol::<$by>(); )*
            };
        }
        theta_rho_pi! {
            0, 0, 0;    10, 1, 1;   7, 10, 3;   11, 7, 6;   17, 11, 10;
            18, 17, 15; 3, 18, 21;  5, 3, 28;   16, 5, 36;  8, 16, 45;
            21, 8, 55;  24, 21, 2;  4, 24, 14;  15, 4, 27;  23, 15, 41;
            19, 23, 56; 13, 19, 8;  12, 13, 25; 2, 12, 43;  20, 2, 62;
            14, 20, 18; 22, 14, 39; 9, 22, 61;  6, 9, 20;   1, 6, 44;
        }
        let mut y = 0;
        while y < 25 {
            let mut x = 0;
            while x < 5 {
                a[y + x] = b[y + x].chi(b[y + (x + 1) % 5], b[y + (x + 2) % 5]);
                x += 1;
            }
            y += 5;
        }
        a[0] = a[0].xor(a[0].cpu().splat(round));
    }
    a
}
