//! Points as fractions (X / Z^2, Y / Z^3): sums without an inverse.

use lanes::Mask;

use super::{
    field::{Cols, Fe},
    point::Affine,
};

/// A point of each lane; it keeps `w = 2Y`, which saves halving.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jacobian {
    pub(super) x: Fe,
    pub(super) w: Fe,
    pub(super) z: Fe,
}

/// How two points lie to each other: the difference of their xs, and of twice their ys.
struct Chord {
    h: Fe,
    r: Fe,
}

impl Jacobian {
    /// A point given as `(x, 2y)`.
    #[inline(always)]
    pub(super) fn new(p: &Affine) -> Self {
        Self { x: p.x, w: p.y, z: Fe::one(p.x.cpu()) }
    }

    #[inline(always)]
    pub(super) fn select(&self, mask: Mask, other: &Self) -> Self {
        Self {
            x: self.x.select(mask, &other.x),
            w: self.w.select(mask, &other.w),
            z: self.z.select(mask, &other.z),
        }
    }

    /// Minus twice the point: leaving the sign is free, and callers take turns with signs anyway.
    #[inline(always)]
    pub(super) fn doubled_negated(&self) -> Self {
        let s = self.w.square(); // 4Y^2
        let xx = self.x.square().sum();
        let u = self.x.times(&s); // 4XY^2
        let m = xx.plus(&xx.doubled()).carry(); // 3X^2
        let z = self.w.times(&self.z);
        let x = Cols::square(&m).plus(&u.sum().doubled().negated(4)).reduce();
        let ss = Cols::square(&s);
        let d = x.sum().plus(&u.negated(2)).doubled().carry();
        let w = ss.plus_product(&m, &d).reduce();
        Self { x, w, z }
    }

    /// `self + q`, given as `(x, 2y)`, where these are neither equal nor opposite.
    #[inline(always)]
    pub(super) fn plus(&self, q: &Affine) -> Self {
        self.across(&self.chord(q))
    }

    /// `self + q`, given as `(x, 2y)`, for any two points; the lanes where the sum is infinite hold some other point.
    ///
    /// Both cases are decided here, in the lanes, because who signs can bring them about at will: a slower way for them
    /// could be aimed at.
    #[inline(always)]
    pub(super) fn plus_any(&self, q: &Affine) -> (Self, Mask) {
        let chord = self.chord(q);
        let sum = self.across(&chord);
        let same_x = chord.h.is_zero();
        if same_x == 0 {
            return (sum, 0);
        }
        let infinite = same_x & !chord.r.is_zero();
        let double = self.doubled_negated();
        let double = Self { w: double.w.negated(2).carry(), ..double };
        (sum.select(same_x, &double), infinite)
    }

    #[inline(always)]
    fn chord(&self, q: &Affine) -> Chord {
        let zz = self.z.square();
        let h = Cols::product(&q.x, &zz).plus(&self.x.negated(2)).reduce();
        let zzz = self.z.times(&zz);
        let r = Cols::product(&q.y, &zzz).plus(&self.w.negated(2)).reduce();
        Chord { h, r }
    }

    #[inline(always)]
    fn across(&self, Chord { h, r }: &Chord) -> Self {
        let h2 = h.sum().doubled().carry();
        let ii = h2.square();
        let z = self.z.times(&h2);
        let j = h.times(&ii);
        let v = self.x.times(&ii);
        let minus_2j = j.sum().doubled().negated(4).carry();
        let x = Cols::square(r).plus(&j.sum().plus(&v.sum().doubled()).negated(8)).reduce();
        let wj = Cols::product(&self.w, &minus_2j);
        let d = v.sum().plus(&x.negated(2)).doubled().carry();
        let w = wj.plus_product(r, &d).reduce();
        Self { x, w, z }
    }
}
