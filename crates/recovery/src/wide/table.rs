//! Multiples of G that all threads share: for each window of u1, its odd multiples. 5 MiB, built once in some 15 ms.

use std::sync::OnceLock;

use lanes::{Cpu, Kernel, each};
use secp256k1::{PublicKey, SECP256K1, Scalar, SecretKey};

use super::{
    G_WIDTH, G_WINDOWS,
    inverter::Inverter,
    levels::{self, Op},
    point::{Affine, Row},
};

/// Digits of one sign in a window.
const DIGITS: usize = 1 << (G_WIDTH - 1);
/// Groups of eight windows.
const GROUPS: usize = G_WINDOWS.div_ceil(8);

#[derive(Debug)]
pub(super) struct Table {
    /// For each window i, the multiples by 1, 3, 5, ... of 2^(G_WIDTH * i) * G.
    rows: Vec<Row>,
    /// What is added in which level.
    pub(super) plan: Vec<Vec<Op>>,
}

impl Table {
    /// The table, which the first call builds.
    pub(super) fn shared(cpu: Cpu) -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| Self { rows: cpu.run(Build), plan: levels::plan() })
    }

    #[inline(always)]
    pub(super) fn window(&self, i: usize) -> &[Row] {
        &self.rows[i * DIGITS..][..DIGITS]
    }

    #[inline(always)]
    pub(super) fn generator(&self) -> &Row {
        &self.rows[0]
    }
}

/// Eight windows, one in each lane, go from odd multiple to odd multiple.
struct Build;

impl Kernel for Build {
    type Output = Vec<Row>;

    #[inline(always)]
    fn run(self, cpu: Cpu) -> Vec<Row> {
        let mut rows = vec![Row::default(); DIGITS * G_WINDOWS];
        let mut points = each!(GROUPS, group => bases(cpu, group, 0));
        let twice = each!(GROUPS, group => bases(cpu, group, 1));
        let mut inverter = Inverter::new(cpu);
        for digit in 0..DIGITS {
            for (group, point) in points.iter().enumerate() {
                for (lane, row) in point.rows().into_iter().enumerate() {
                    let window = 8 * group + lane;
                    if window < G_WINDOWS {
                        rows[window * DIGITS + digit] = row;
                    }
                }
            }
            for (point, twice) in points.iter().zip(&twice) {
                inverter.push(point.addend().denominator(&twice.x));
            }
            inverter.invert().expect("an odd multiple is not the double");
            for (point, twice) in points.iter_mut().zip(&twice).rev() {
                *point = point.addend().plus(&twice.addend(), &inverter.pop());
            }
        }
        rows
    }
}

/// `2^(G_WIDTH * i + more) * G` for eight windows i; beyond the last window, the last one again.
#[inline(always)]
fn bases(cpu: Cpu, group: usize, more: usize) -> Affine {
    let window = |lane: usize| core::cmp::min(8 * group + lane, G_WINDOWS - 1);
    let rows: [Row; 8] = core::array::from_fn(|lane| power_of_two(window(lane) * G_WIDTH + more));
    Affine::load(cpu, &each!(8, lane => &rows[lane]))
}

/// `2^exponent * G`
fn power_of_two(exponent: usize) -> Row {
    let number = |x: u8| {
        let mut bytes = [0; 32];
        bytes[31] = x;
        bytes
    };
    let two = Scalar::from_be_bytes(number(2)).expect("2 is below n");
    let mut key = SecretKey::from_byte_array(number(1)).expect("1 is below n");
    for _ in 0..exponent {
        key = key.mul_tweak(&two).expect("no multiple of the prime n is a power of 2");
    }
    let point = PublicKey::from_secret_key(SECP256K1, &key).serialize_uncompressed();
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(point[1..].rchunks_exact(8)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    // Backwards from the end: y before x.
    words.rotate_left(4);
    Row(words)
}

#[cfg(test)]
mod tests;
