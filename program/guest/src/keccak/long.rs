//! Keccak-256 in the program itself, for what is too long for a host call.
//!
//! Written for a machine without rotations and with 31 registers: a round reads one state and writes another, row by row, and
//! sums up the columns of what it writes, which is what the next round begins with. So each lane is loaded once and stored
//! once in a round.

use core::array::from_fn;

/// Bytes that are taken in between two permutations.
const RATE: usize = 136;
const LANES: usize = 25;
type State = [u64; LANES];
/// Sums of the columns of a state.
type Columns = [u64; 5];

/// What the rounds add to the first lane.
const CONSTANTS: [u64; 24] = [
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

/// By how much a lane is turned, by its place.
const TURNS: [u32; LANES] =
    [0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14];

pub(super) fn hash(bytes: &[u8]) -> [u8; 32] {
    let mut state = [0; LANES];
    let (blocks, rest) = bytes.as_chunks::<RATE>();
    for block in blocks {
        absorb(&mut state, block);
    }
    let mut last = [0; RATE];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 1;
    last[RATE - 1] |= 0x80;
    absorb(&mut state, &last);
    let mut hash = [0; 32];
    for (bytes, lane) in hash.chunks_exact_mut(8).zip(state) {
        bytes.copy_from_slice(&lane.to_le_bytes());
    }
    hash
}

fn absorb(state: &mut State, block: &[u8; RATE]) {
    for (lane, bytes) in state.iter_mut().zip(block.as_chunks::<8>().0) {
        *lane ^= u64::from_le_bytes(*bytes);
    }
    permute(state);
}

fn permute(state: &mut State) {
    let mut other = [0; LANES];
    let mut columns = from_fn(|x| (0..5).fold(0, |sum, y| sum ^ state[x + 5 * y]));
    for constants in CONSTANTS.as_chunks::<2>().0 {
        columns = round(state, &mut other, columns, constants[0]);
        columns = round(&other, state, columns, constants[1]);
    }
}

#[inline(always)]
fn round(from: &State, to: &mut State, columns: Columns, constant: u64) -> Columns {
    let [a, b, c, d, e] = columns;
    let beside = [
        e ^ b.rotate_left(1),
        a ^ c.rotate_left(1),
        b ^ d.rotate_left(1),
        c ^ e.rotate_left(1),
        d ^ a.rotate_left(1),
    ];
    let mut sums = row::<0>(from, to, &beside, constant);
    for row in [
        row::<1>(from, to, &beside, 0),
        row::<2>(from, to, &beside, 0),
        row::<3>(from, to, &beside, 0),
        row::<4>(from, to, &beside, 0),
    ] {
        sums.iter_mut().zip(row).for_each(|(sum, lane)| *sum ^= lane);
    }
    sums
}

/// Writes a row of the state after the round, and gives it.
#[inline(always)]
fn row<const Y: usize>(from: &State, to: &mut State, beside: &Columns, constant: u64) -> [u64; 5] {
    let [a, b, c, d, e] = [
        turned::<Y, 0>(from, beside),
        turned::<Y, 1>(from, beside),
        turned::<Y, 2>(from, beside),
        turned::<Y, 3>(from, beside),
        turned::<Y, 4>(from, beside),
    ];
    let row = [a ^ (!b & c) ^ constant, b ^ (!c & d), c ^ (!d & e), d ^ (!e & a), e ^ (!a & b)];
    to[5 * Y..5 * Y + 5].copy_from_slice(&row);
    row
}

/// The lane that comes to column `X` of row `Y`.
#[inline(always)]
fn turned<const Y: usize, const X: usize>(from: &State, beside: &Columns) -> u64 {
    let x = (X + 3 * Y) % 5;
    let place = x + 5 * X;
    (from[place] ^ beside[x]).rotate_left(TURNS[place])
}
