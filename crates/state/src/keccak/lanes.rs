//! Eight Keccak-256 sponges side by side, one message in each 64-bit lane of the AVX-512 registers (FIPS 202, section 3).
//!
//! No closures: they would not be compiled for the registers, and nothing would be inlined.
//!
//! Invariant: each lane is the digest that its message has alone; lanes never mix.

#![expect(
    unsafe_code,
    reason = "wide registers are reached through intrinsics that the compiler cannot check"
)]

use std::arch::x86_64::{
    __m512i, _mm512_loadu_si512, _mm512_rol_epi64, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_storeu_si512, _mm512_ternarylogic_epi64, _mm512_xor_si512,
};

use super::{LANES, RATE_WORDS, Word};

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

/// Whether this processor has the registers.
pub(super) fn available() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
}

/// Hashes padded messages of whole blocks; gives the four words of each digest.
pub(super) fn hash(words: &[Word]) -> [Word; 4] {
    assert!(available(), "asked only where the registers are");
    // SAFETY: the processor has AVX-512F, which is all that the function needs to be called.
    unsafe { sponge(words) }
}

#[target_feature(enable = "avx512f")]
fn sponge(words: &[Word]) -> [Word; 4] {
    let mut state = [_mm512_setzero_si512(); 25];
    for block in words.chunks_exact(RATE_WORDS) {
        for (lane, word) in state.iter_mut().zip(block) {
            *lane = _mm512_xor_si512(*lane, load(word));
        }
        permute(&mut state);
    }
    [store(state[0]), store(state[1]), store(state[2]), store(state[3])]
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(word: &Word) -> __m512i {
    const { assert!(size_of::<Word>() == size_of::<__m512i>()) };
    // SAFETY: the reference covers the 64 bytes that are read, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(word.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store(lanes: __m512i) -> Word {
    let mut word = [0; LANES];
    // SAFETY: the array has the 64 bytes that are written, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(word.as_mut_ptr().cast(), lanes) };
    word
}

/// `a ^ b ^ c`
#[target_feature(enable = "avx512f")]
#[inline]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0x96>(a, b, c)
}

/// `a ^ (!b & c)`
#[target_feature(enable = "avx512f")]
#[inline]
fn chi(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<0xd2>(a, b, c)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn rotate<const BITS: i32>(a: __m512i) -> __m512i {
    _mm512_rol_epi64::<BITS>(a)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn column(a: &[__m512i; 25], x: usize) -> __m512i {
    xor3(xor3(a[x], a[x + 5], a[x + 10]), a[x + 15], a[x + 20])
}

/// What theta adds to column `x`: its neighbours, the right one turned.
#[target_feature(enable = "avx512f")]
#[inline]
fn parity(c: &[__m512i; 5], x: usize) -> [__m512i; 2] {
    [c[(x + 4) % 5], rotate::<1>(c[(x + 1) % 5])]
}

#[target_feature(enable = "avx512f")]
#[inline]
fn theta(a: &[__m512i; 25], d: &[[__m512i; 2]; 5], i: usize) -> __m512i {
    xor3(a[i], d[i % 5][0], d[i % 5][1])
}

/// Keccak-f[1600]. Theta, rho and pi make `b` from the columns of `a`; chi and iota make the next `a` from its rows.
#[target_feature(enable = "avx512f")]
#[inline]
fn permute(a: &mut [__m512i; 25]) {
    for round in ROUNDS {
        let c = [column(a, 0), column(a, 1), column(a, 2), column(a, 3), column(a, 4)];
        let d = [parity(&c, 0), parity(&c, 1), parity(&c, 2), parity(&c, 3), parity(&c, 4)];
        let b = [
            theta(a, &d, 0),
            rotate::<44>(theta(a, &d, 6)),
            rotate::<43>(theta(a, &d, 12)),
            rotate::<21>(theta(a, &d, 18)),
            rotate::<14>(theta(a, &d, 24)),
            rotate::<28>(theta(a, &d, 3)),
            rotate::<20>(theta(a, &d, 9)),
            rotate::<3>(theta(a, &d, 10)),
            rotate::<45>(theta(a, &d, 16)),
            rotate::<61>(theta(a, &d, 22)),
            rotate::<1>(theta(a, &d, 1)),
            rotate::<6>(theta(a, &d, 7)),
            rotate::<25>(theta(a, &d, 13)),
            rotate::<8>(theta(a, &d, 19)),
            rotate::<18>(theta(a, &d, 20)),
            rotate::<27>(theta(a, &d, 4)),
            rotate::<36>(theta(a, &d, 5)),
            rotate::<10>(theta(a, &d, 11)),
            rotate::<15>(theta(a, &d, 17)),
            rotate::<56>(theta(a, &d, 23)),
            rotate::<62>(theta(a, &d, 2)),
            rotate::<55>(theta(a, &d, 8)),
            rotate::<39>(theta(a, &d, 14)),
            rotate::<41>(theta(a, &d, 15)),
            rotate::<2>(theta(a, &d, 21)),
        ];
        for row in [0, 5, 10, 15, 20] {
            for x in 0..5 {
                a[row + x] = chi(b[row + x], b[row + (x + 1) % 5], b[row + (x + 2) % 5]);
            }
        }
        a[0] = _mm512_xor_si512(a[0], _mm512_set1_epi64(round.cast_signed()));
    }
}
