//! The third stage: sums of points in five levels. All sums of one level, over the whole chunk, share an inversion.
//!
//! R becomes R, 3R .. 31R; the points of the table for the windows of u1 become one.

use lanes::{Cpu, Kernel, Mask, each, prefetch};

use super::{
    G_WIDTH, G_WINDOWS, Group, ODDS, Work,
    digits::Signs,
    field::Fe,
    inverter::Met,
    point::{Affine, Row},
    table::Table,
};

/// Places in a pool: R's odd multiples, then 2R, 4R, 8R, 16R, then points of G's tree, whose sum ends in the first.
const TWO: usize = ODDS;
const G_AT: usize = ODDS + 4;
const PLACES: usize = G_AT + G_WINDOWS;

/// The points of a group.
#[derive(Debug, Clone)]
pub(super) struct Pool([Affine; PLACES]);

/// A sum, by places.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
    Double {
        a: usize,
        to: usize,
    },
    Add {
        a: usize,
        b: usize,
        to: usize,
    },
    /// The root of G's tree: here the two may be equal.
    AddAny {
        a: usize,
        b: usize,
        to: usize,
    },
}

impl Pool {
    #[inline(always)]
    pub(super) fn new(cpu: Cpu) -> Self {
        Self([Affine::zero(cpu); PLACES])
    }

    #[inline(always)]
    pub(super) fn set_r(&mut self, r: Affine) {
        self.0[0] = r;
    }

    /// u1*G.
    #[inline(always)]
    pub(super) const fn u1_g(&self) -> &Affine {
        &self.0[G_AT]
    }
}

impl Op {
    #[inline(always)]
    fn denominator(self, pool: &Pool, equal: &mut Mask) -> Fe {
        let p = &pool.0;
        match self {
            Self::Double { a, .. } => p[a].double_denominator(),
            Self::Add { a, b, .. } => p[a].addend().denominator(&p[b].x),
            Self::AddAny { a, b, .. } => {
                let denominator;
                (denominator, *equal) = p[a].denominator_any(&p[b]);
                denominator
            }
        }
    }

    #[inline(always)]
    fn finish(self, pool: &mut Pool, inverse: &Fe, equal: Mask) {
        let p = &mut pool.0;
        match self {
            Self::Double { a, to } => p[to] = p[a].double(inverse),
            Self::Add { a, b, to } => p[to] = p[a].addend().plus(&p[b].addend(), inverse),
            Self::AddAny { a, b, to } => p[to] = p[a].plus_any(&p[b], inverse, equal),
        }
    }
}

/// What is added in which level.
pub(super) fn plan() -> Vec<Vec<Op>> {
    let place = |k: usize| if k % 2 == 1 { k / 2 } else { TWO + k.ilog2() as usize - 1 };
    let add = |a: usize, b: usize| Op::Add { a: place(a), b: place(b), to: place(a + b) };
    let double = |a: usize| Op::Double { a: place(a), to: place(2 * a) };
    let mut levels = vec![
        vec![double(1)],
        vec![add(2, 1), double(2)],
        vec![add(4, 1), add(4, 3), double(4)],
        vec![add(8, 1), add(8, 3), add(8, 5), add(8, 7), double(8)],
        (1..16).step_by(2).map(|k| add(16, k)).collect(),
    ];
    // Points far apart are added first, so the order of the windows says nothing about which are left.
    let mut left = G_WINDOWS;
    for level in &mut levels {
        let half = left.div_ceil(2);
        for a in G_AT..G_AT + left / 2 {
            let b = a + half;
            level.push(if left == 2 {
                Op::AddAny { a, b, to: a }
            } else {
                Op::Add { a, b, to: a }
            });
        }
        left = half;
    }
    assert!(left == 1, "the tree is as high as the levels of R");
    levels
}

/// Takes the points for the windows of u1 out of the table.
#[derive(Debug)]
pub(super) struct LoadG<'a> {
    pub(super) table: &'a Table,
    pub(super) work: &'a mut Work,
}

impl Kernel for LoadG<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, cpu: Cpu) {
        let Work { groups, pools, .. } = self.work;
        for (k, (group, pool)) in groups.iter().zip(pools).enumerate() {
            for i in 0..G_WINDOWS {
                // The table does not fit the cache: ask for the rows of the next group now.
                if let Some(next) = groups.get(k + 1) {
                    let (rows, _) = rows(self.table, &next.u1, i);
                    for row in rows {
                        prefetch(row);
                    }
                }
                let (rows, negative) = rows(self.table, &group.u1, i);
                // The other way round: u1 = -z/r, and the digits are those of z/r.
                pool.0[G_AT + i] = Affine::load(cpu, &rows).negated_where(!negative).carried();
            }
        }
    }
}

/// The rows for window `i`, and the lanes where the digit is negative.
#[inline(always)]
fn rows<'a>(table: &'a Table, u1: &Signs<5>, i: usize) -> ([&'a Row; 8], Mask) {
    let (index, negative) = u1.digit(i, G_WIDTH);
    let index = index.places();
    let rows = table.window(i);
    (each!(8, lane => &rows[index[lane]]), negative)
}

/// Adds level by level.
#[derive(Debug)]
pub(super) struct Levels<'a> {
    pub(super) table: &'a Table,
    pub(super) work: &'a mut Work,
}

impl Kernel for Levels<'_> {
    type Output = Result<(), Met>;

    #[inline(always)]
    fn run(self, _: Cpu) -> Result<(), Met> {
        let Work { groups, pools, rows, inverter, .. } = self.work;
        let pools = &mut pools[..groups.len()];
        for level in &self.table.plan {
            for (group, pool) in groups.iter_mut().zip(pools.iter()) {
                for op in level {
                    inverter.push(op.denominator(pool, &mut group.equal));
                }
            }
            inverter.invert()?;
            for (Group { equal, .. }, pool) in groups.iter().zip(pools.iter_mut()).rev() {
                for op in level.iter().rev() {
                    op.finish(pool, &inverter.pop(), *equal);
                }
            }
        }
        rows.clear();
        for pool in pools {
            for point in &pool.0[..ODDS] {
                rows.extend_from_slice(&point.rows());
            }
        }
        Ok(())
    }
}
