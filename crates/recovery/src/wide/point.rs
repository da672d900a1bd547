//! Points of y^2 = x^3 + 7, eight at a time, by their own coordinates (affine): each sum needs the inverse of a denominator.
//!
//! None of these sums is right for equal, opposite or infinite points, but where that is said.

use lanes::{Cpu, Mask, each, transpose};

use super::field::{Cols, Fe, Sum};

/// A point of each lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Affine {
    pub(super) x: Fe,
    pub(super) y: Fe,
}

/// A point to be added: its y may be a negation that was not carried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addend {
    pub(super) x: Fe,
    y: Sum,
}

/// A point of one lane: four words of x, four of y, least significant first.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(64))]
pub(super) struct Row(pub(super) [u64; 8]);

impl Affine {
    /// No point: fills memory.
    #[inline(always)]
    pub(super) fn zero(cpu: Cpu) -> Self {
        Self { x: Fe::zero(cpu), y: Fe::zero(cpu) }
    }

    #[inline(always)]
    pub(super) fn splat(cpu: Cpu, row: &Row) -> Self {
        Self::load(cpu, &[row; 8])
    }

    /// A row for each lane.
    #[inline(always)]
    pub(super) fn load(cpu: Cpu, rows: &[&Row; 8]) -> Self {
        let w = transpose(each!(8, i => cpu.load(&rows[i].0)));
        Self {
            x: Fe::from_words([w[0], w[1], w[2], w[3]]),
            y: Fe::from_words([w[4], w[5], w[6], w[7]]),
        }
    }

    /// A row of each lane. Its coordinates are below 2^256, perhaps not below p.
    #[inline(always)]
    pub(super) fn rows(&self) -> [Row; 8] {
        let (x, y) = (self.x.below_2_256().words(), self.y.below_2_256().words());
        let rows = transpose([x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3]]);
        each!(8, i => Row(rows[i].store()))
    }

    /// `other` in the lanes of `mask`.
    #[inline(always)]
    pub(super) fn select(&self, mask: Mask, other: &Self) -> Self {
        Self { x: self.x.select(mask, &other.x), y: self.y.select(mask, &other.y) }
    }

    #[inline(always)]
    pub(super) fn addend(&self) -> Addend {
        Addend { x: self.x, y: self.y.sum() }
    }

    /// Minus the point in the lanes of `mask`.
    #[inline(always)]
    pub(super) fn negated_where(&self, mask: Mask) -> Addend {
        Addend { x: self.x, y: self.y.sum().negated_where(mask, 2) }
    }

    /// 2y, which is never zero: no point is its own negation.
    #[inline(always)]
    pub(super) fn double_denominator(&self) -> Fe {
        self.y.sum().doubled().carry()
    }

    /// Twice the point.
    #[inline(always)]
    pub(super) fn double(&self, inverse: &Fe) -> Self {
        let xx = self.x.square().sum();
        let slope = xx.plus(&xx.doubled()).carry().times(inverse);
        third(&slope, &self.addend(), &self.x)
    }

    /// The denominator of a sum of points that may be equal, and the lanes where they are.
    #[inline(always)]
    pub(super) fn denominator_any(&self, b: &Self) -> (Fe, Mask) {
        let across = self.addend().denominator(&b.x);
        let equal = across.is_zero();
        (across.select(equal, &self.double_denominator()), equal)
    }

    /// The sum of points that are equal in the lanes of `equal`, and nowhere opposite.
    #[inline(always)]
    pub(super) fn plus_any(&self, b: &Self, inverse: &Fe, equal: Mask) -> Self {
        let across = b.y.sum().plus(&self.y.negated(4)).carry();
        let xx = self.x.square().sum();
        let tangent = xx.plus(&xx.doubled()).carry();
        let slope = across.select(equal, &tangent).times(inverse);
        third(&slope, &self.addend(), &b.x)
    }
}

impl Addend {
    /// An addend whose y needs no carry.
    #[inline(always)]
    pub(super) fn carried(&self) -> Affine {
        Affine { x: self.x, y: self.y.carry() }
    }

    /// The difference of the xs.
    #[inline(always)]
    pub(super) fn denominator(&self, bx: &Fe) -> Fe {
        bx.sum().plus(&self.x.negated(2)).carry()
    }

    #[inline(always)]
    fn slope(&self, b: &Self, inverse: &Fe) -> Fe {
        b.y.plus(&self.y.negated(4)).carry().times(inverse)
    }

    #[inline(always)]
    pub(super) fn plus(&self, b: &Self, inverse: &Fe) -> Affine {
        third(&self.slope(b, inverse), self, &b.x)
    }

    /// `(x, 2y)` of the sum.
    #[inline(always)]
    pub(super) fn plus_with_twice_y(&self, b: &Self, inverse: &Fe) -> Affine {
        let slope = self.slope(b, inverse);
        let x = third_x(&slope, &self.x, &b.x);
        let twice_run = self.x.sum().plus(&x.negated(2)).doubled().carry();
        let y = Cols::product(&slope, &twice_run).plus(&self.y.negated(4).doubled()).reduce();
        Affine { x, y }
    }
}

/// The x where the line meets the curve again.
#[inline(always)]
fn third_x(slope: &Fe, x1: &Fe, x2: &Fe) -> Fe {
    Cols::square(slope).plus(&x1.sum().plus(&x2.sum()).negated(4)).reduce()
}

#[inline(always)]
fn third(slope: &Fe, a: &Addend, x2: &Fe) -> Affine {
    let x = third_x(slope, &a.x, x2);
    let run = a.x.sum().plus(&x.negated(2)).carry();
    let y = Cols::product(slope, &run).plus(&a.y.negated(4)).reduce();
    Affine { x, y }
}
