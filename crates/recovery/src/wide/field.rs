//! Eight elements of the field of secp256k1, p = 2^256 - 2^32 - 977, one per lane, in five limbs of 52 bits.
//!
//! Three types keep carries rare:
//! - [`Fe`]: every limb below 2^52, so it may be multiplied; the value is below 2^260 and only loosely reduced. What
//!   [`Cols::reduce`] returns is below 2^256 + 2^218: "reduced" below.
//! - [`Sum`]: sums and differences limb by limb; limbs are not negative but may be wider than 52 bits. It can be added to a
//!   product before that is reduced, for free, or carried to be an `Fe`.
//! - [`Cols`]: the ten columns of a product, so that `a*b + c*d` is reduced once.

use lanes::{Cpu, Kernel, Lanes, M52, Mask, each, first_lane, limbs_from_words, words_from_limbs};

use super::inverse::{self, Modulus};

/// p in limbs.
const P: [u64; 5] = [0x000f_fffe_ffff_fc2f, M52, M52, M52, M52 >> 4];
const P_MODULUS: Modulus = Modulus::new([0xffff_fffe_ffff_fc2f, u64::MAX, u64::MAX, u64::MAX]);
/// 2^256 mod p.
const K256: u64 = 0x0001_0000_03d1;
/// 2^260 mod p.
const K260: u64 = K256 << 4;

/// An element that may be multiplied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fe(pub(super) [Lanes; 5]);

/// A sum that has not been carried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum([Lanes; 5]);

/// A product that has not been reduced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cols([Lanes; 10]);

/// `n * p`, limb by limb.
#[inline(always)]
fn p_times(cpu: Cpu, n: u64) -> [Lanes; 5] {
    each!(5, i => cpu.splat(P[i] * n))
}

impl Fe {
    #[inline(always)]
    pub(super) fn splat(cpu: Cpu, limbs: [u64; 5]) -> Self {
        Self(each!(5, i => cpu.splat(limbs[i])))
    }

    #[inline(always)]
    pub(super) fn zero(cpu: Cpu) -> Self {
        Self([cpu.zero(); 5])
    }

    #[inline(always)]
    pub(super) fn one(cpu: Cpu) -> Self {
        Self::splat(cpu, [1, 0, 0, 0, 0])
    }

    #[inline(always)]
    pub(super) fn from_words(w: [Lanes; 4]) -> Self {
        Self(limbs_from_words(w))
    }

    #[inline(always)]
    pub(super) fn cpu(&self) -> Cpu {
        self.0[0].cpu()
    }

    #[inline(always)]
    pub(super) fn times(&self, b: &Self) -> Self {
        Cols::product(self, b).reduce()
    }

    #[inline(always)]
    pub(super) fn square(&self) -> Self {
        Cols::square(self).reduce()
    }

    #[inline(always)]
    pub(super) fn sum(&self) -> Sum {
        Sum(self.0)
    }

    /// `n*p - self`, not carried; `self` must be reduced, or below `n` times that.
    #[inline(always)]
    pub(super) fn negated(&self, n: u64) -> Sum {
        self.sum().negated(n)
    }

    /// `other` in the lanes of `mask`.
    #[inline(always)]
    pub(super) fn select(&self, mask: Mask, other: &Self) -> Self {
        Self(each!(5, i => self.0[i].select(mask, other.0[i])))
    }

    /// Brings a value below 2^256 + 2^259 under 2^256; it may still be p or more.
    #[inline(always)]
    pub(super) fn below_2_256(&self) -> Self {
        self.sum().carry_fold()
    }

    /// The words of a value below 2^256.
    #[inline(always)]
    pub(super) fn words(&self) -> [Lanes; 4] {
        words_from_limbs(self.0)
    }

    /// The one representative below p.
    #[inline(always)]
    pub(super) fn canonical(&self) -> Self {
        // Twice: the first fold may leave a value in p..2^256, or a carry.
        let x = self.below_2_256().below_2_256();
        let cpu = self.cpu();
        // x >= p exactly when x + (2^256 - p) reaches 2^256.
        let mut y = x.0;
        y[0] = y[0].plus(cpu.splat(K256));
        let y = Sum(y).carry();
        let over = y.0[4].test(cpu.splat(1 << 48));
        let top = y.0[4].and(cpu.splat(M52 >> 4));
        x.select(over, &Self([y.0[0], y.0[1], y.0[2], y.0[3], top]))
    }

    #[inline(always)]
    pub(super) fn is_zero(&self) -> Mask {
        let x = self.canonical().0;
        x[0].or(x[1]).or(x[2]).or(x[3]).or(x[4]).eq(self.cpu().zero())
    }

    #[inline(always)]
    pub(super) fn equals(&self, other: &Self) -> Mask {
        self.sum().plus(&other.negated(16)).carry_fold().is_zero()
    }

    /// Lanes whose number is odd; `self` must be canonical.
    #[inline(always)]
    pub(super) fn is_odd(&self) -> Mask {
        self.0[0].test(self.cpu().splat(1))
    }
}

/// `1/x`; no lane may be zero. One number is inverted, the product of all lanes.
#[derive(Debug)]
pub(super) struct Invert(pub(super) Fe);

impl Kernel for Invert {
    type Output = Fe;

    #[inline(always)]
    fn run(self, cpu: Cpu) -> Fe {
        let x = self.0;
        let fours = Fe(each!(5, i => x.0[i].swap_fours()));
        let p4 = x.times(&fours);
        let twos = Fe(each!(5, i => p4.0[i].swap_twos()));
        let p2 = p4.times(&twos);
        let ones = Fe(each!(5, i => p2.0[i].swap_ones()));
        let product = p2.times(&ones).canonical();
        let inverse = inverse::invert(first_lane(product.0), &P_MODULUS);
        let inverse = Fe::from_words(each!(4, i => cpu.splat(inverse[i])));
        inverse.times(&ones).times(&twos).times(&fours)
    }
}

impl Sum {
    #[inline(always)]
    pub(super) fn plus(&self, b: &Self) -> Self {
        Self(each!(5, i => self.0[i].plus(b.0[i])))
    }

    #[inline(always)]
    pub(super) fn doubled(&self) -> Self {
        self.plus(self)
    }

    /// `n*p - self`; no limb may become negative.
    #[inline(always)]
    pub(super) fn negated(&self, n: u64) -> Self {
        let np = p_times(self.0[0].cpu(), n);
        Self(each!(5, i => np[i].minus(self.0[i])))
    }

    /// `n*p - self` in the lanes of `mask`.
    #[inline(always)]
    pub(super) fn negated_where(&self, mask: Mask, n: u64) -> Self {
        let np = p_times(self.0[0].cpu(), n);
        Self(each!(5, i => self.0[i].minus_from_where(mask, np[i])))
    }

    /// Carries; the value must be below 2^260.
    #[inline(always)]
    pub(super) fn carry(&self) -> Fe {
        let m = self.0[0].cpu().splat(M52);
        let mut l = self.0;
        let mut i = 0;
        while i < 4 {
            l[i + 1] = l[i + 1].plus(l[i].shr::<52>());
            l[i] = l[i].and(m);
            i += 1;
        }
        Fe(l)
    }

    /// Folds what lies above 2^256 back in, then carries: the result is reduced.
    #[inline(always)]
    pub(super) fn carry_fold(&self) -> Fe {
        let mut l = self.0;
        let cpu = l[0].cpu();
        let top = l[4].shr::<48>();
        l[4] = l[4].and(cpu.splat(M52 >> 4));
        l[0] = l[0].madd_lo(top, cpu.splat(K256));
        Self(l).carry()
    }
}

impl Cols {
    #[inline(always)]
    pub(super) fn product(a: &Fe, b: &Fe) -> Self {
        Self([a.cpu().zero(); 10]).plus_product(a, b)
    }

    /// `self + a * b`. Low and high halves share one accumulator for each column: fewer instructions beat shorter chains
    /// here.
    #[inline(always)]
    pub(super) fn plus_product(&self, a: &Fe, b: &Fe) -> Self {
        let mut t = self.0;
        let mut i = 0;
        while i < 5 {
            let mut j = 0;
            while j < 5 {
                t[i + j] = t[i + j].madd_lo(a.0[i], b.0[j]);
                t[i + j + 1] = t[i + j + 1].madd_hi(a.0[i], b.0[j]);
                j += 1;
            }
            i += 1;
        }
        Self(t)
    }

    #[inline(always)]
    pub(super) fn square(a: &Fe) -> Self {
        let mut t = [a.cpu().zero(); 10];
        let mut i = 0;
        while i < 5 {
            let mut j = i + 1;
            while j < 5 {
                t[i + j] = t[i + j].madd_lo(a.0[i], a.0[j]);
                t[i + j + 1] = t[i + j + 1].madd_hi(a.0[i], a.0[j]);
                j += 1;
            }
            i += 1;
        }
        t = each!(10, i => t[i].plus(t[i]));
        i = 0;
        while i < 5 {
            t[2 * i] = t[2 * i].madd_lo(a.0[i], a.0[i]);
            t[2 * i + 1] = t[2 * i + 1].madd_hi(a.0[i], a.0[i]);
            i += 1;
        }
        Self(t)
    }

    #[inline(always)]
    pub(super) fn plus(&self, b: &Sum) -> Self {
        let mut t = self.0;
        let mut i = 0;
        while i < 5 {
            t[i] = t[i].plus(b.0[i]);
            i += 1;
        }
        Self(t)
    }

    /// Reduces a value below 2^520 whose columns are below 2^60.
    #[inline(always)]
    pub(super) fn reduce(&self) -> Fe {
        let t = self.0;
        let cpu = t[0].cpu();
        let (m, k) = (cpu.splat(M52), cpu.splat(K260));
        // The upper half as proper limbs. Carries of the lower half stay there.
        let mut h = [t[5], t[6], t[7], t[8], t[9]];
        let mut i = 0;
        while i < 4 {
            h[i + 1] = h[i + 1].plus(h[i].shr::<52>());
            h[i] = h[i].and(m);
            i += 1;
        }
        // The lower half + 2^260 times the upper one.
        let r5 = cpu.zero().madd_hi(h[4], k);
        let mut r = each!(5, i => t[i].madd_lo(h[i], k));
        i = 0;
        while i < 4 {
            r[i + 1] = r[i + 1].madd_hi(h[i], k);
            i += 1;
        }
        r[0] = r[0].madd_lo(r5, k);
        r[1] = r[1].madd_hi(r5, k);
        Sum(r).carry_fold()
    }
}

#[cfg(test)]
mod tests;
