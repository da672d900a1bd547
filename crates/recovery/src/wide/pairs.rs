//! The fourth stage: for each window of u2's halves the sum of a multiple of R and one of lambda*R.

use lanes::{Cpu, Kernel, each};

use super::{
    ODDS, WIDTH, WINDOWS, Work,
    digits::Signs,
    field::Fe,
    inverter::Met,
    point::{Addend, Affine, Row},
};

/// lambda * (x, y) = (BETA * x, y)
const BETA: [u64; 5] = [
    0x0009_6c28_7195_01ee,
    0x0007_512f_5899_5c13,
    0x000c_3434_e99c_f049,
    0x7106_e644_79ea,
    0x7ae9_6a2b_657c,
];

/// What is added for a window.
pub(super) type Pair = [Addend; 2];

#[derive(Debug)]
pub(super) struct Pairs<'a> {
    pub(super) work: &'a mut Work,
}

impl Kernel for Pairs<'_> {
    type Output = Result<(), Met>;

    #[inline(always)]
    fn run(self, cpu: Cpu) -> Result<(), Met> {
        let Work { groups, rows, pairs, sums, inverter, .. } = self.work;
        let beta = Fe::splat(cpu, BETA);
        pairs.clear();
        for (group, rows) in groups.iter().zip(rows.chunks(8 * ODDS)) {
            for i in 0..WINDOWS {
                let a = pick(cpu, rows, &group.u2[0], i);
                let mut b = pick(cpu, rows, &group.u2[1], i);
                b.x = b.x.times(&beta);
                inverter.push(a.denominator(&b.x));
                pairs.push([a, b]);
            }
        }
        inverter.invert()?;
        sums.resize(pairs.len(), Affine::zero(cpu));
        for (sum, [a, b]) in sums.iter_mut().zip(pairs.iter()).rev() {
            *sum = a.plus_with_twice_y(b, &inverter.pop());
        }
        Ok(())
    }
}

/// The multiple of R that window `i` asks for.
#[inline(always)]
fn pick(cpu: Cpu, rows: &[Row], signs: &Signs<3>, i: usize) -> Addend {
    let (index, negative) = signs.digit(i, WIDTH);
    let index = index.places();
    let rows = each!(8, lane => &rows[index[lane] * 8 + lane]);
    // Horner's five doublings turn the sign once per window.
    Affine::load(cpu, &rows).negated_where(if i.is_multiple_of(2) { negative } else { !negative })
}
