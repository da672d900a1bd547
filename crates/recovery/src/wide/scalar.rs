//! Eight numbers modulo the order n of the group, one per lane, in Montgomery's form with R = 2^260.

use lanes::{Cpu, Kernel, Lanes, M52, Mask, each, first_lane, limbs_from_words};

use super::inverse::{self, Modulus};

/// n in limbs.
pub(super) const N: [u64; 5] =
    [0x0002_5e8c_d036_4141, 0x000e_6af4_8a03_bbfd, 0x000f_ffff_feba_aedc, M52, M52 >> 4];
const N_MODULUS: Modulus =
    Modulus::new([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, u64::MAX - 1, u64::MAX]);
/// n / 2 rounded up: the least `s` that is high.
const HALF_N_UP: [u64; 5] =
    [0x0009_2f46_681b_20a1, 0x0007_357a_4501_ddfe, 0x000f_ffff_ff5d_576e, M52, M52 >> 5];
/// -1/n modulo 2^52.
const N_INVERSE: u64 = 0x000d_ff66_5588_b13f;
/// R^2 modulo n.
const R2: [u64; 5] = [
    0x000e_180c_268b_3b23,
    0x0009_4fd6_e33e_4c8e,
    0x000d_07c7_3b97_5948,
    0x000c_5e69_7f5e_45bc,
    0x671c_d581_c69b,
];

/// A number below 2^257, or below 2n where that is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalar(pub(super) [Lanes; 5]);

#[inline(always)]
pub(super) fn splat<const L: usize>(cpu: Cpu, x: &[u64; L]) -> [Lanes; L] {
    each!(L, i => cpu.splat(x[i]))
}

/// Carries with a sign, which the top limb keeps.
#[inline(always)]
pub(super) fn carry<const L: usize>(mut l: [Lanes; L]) -> [Lanes; L] {
    let m = l[0].cpu().splat(M52);
    let mut i = 0;
    while i < L - 1 {
        l[i + 1] = l[i + 1].plus(l[i].sar::<52>());
        l[i] = l[i].and(m);
        i += 1;
    }
    l
}

#[inline(always)]
pub(super) fn difference<const L: usize>(a: &[Lanes; L], b: &[Lanes; L]) -> [Lanes; L] {
    each!(L, i => a[i].minus(b[i]))
}

impl Scalar {
    #[inline(always)]
    pub(super) fn from_words(w: [Lanes; 4]) -> Self {
        Self(limbs_from_words(w))
    }

    #[inline(always)]
    pub(super) fn one(cpu: Cpu) -> Self {
        Self(splat(cpu, &[1, 0, 0, 0, 0]))
    }

    #[inline(always)]
    pub(super) fn cpu(&self) -> Cpu {
        self.0[0].cpu()
    }

    #[inline(always)]
    fn below(&self, bound: &[u64; 5]) -> Mask {
        let cpu = self.cpu();
        carry(difference(&self.0, &splat(cpu, bound)))[4].lt(cpu.zero())
    }

    /// Lanes that are zero; `self` must be canonical.
    #[inline(always)]
    pub(super) fn is_zero(&self) -> Mask {
        let l = &self.0;
        l[0].or(l[1]).or(l[2]).or(l[3]).or(l[4]).eq(self.cpu().zero())
    }

    /// Lanes from 1 to n - 1.
    #[inline(always)]
    pub(super) fn in_range(&self) -> Mask {
        self.below(&N) & !self.is_zero()
    }

    /// Lanes above n / 2.
    #[inline(always)]
    pub(super) fn is_high(&self) -> Mask {
        !self.below(&HALF_N_UP)
    }

    /// `other` in the lanes of `mask`.
    #[inline(always)]
    pub(super) fn select(&self, mask: Mask, other: &Self) -> Self {
        Self(each!(5, i => self.0[i].select(mask, other.0[i])))
    }

    /// `self * b / R`, below 2n for factors below 2^257.
    #[inline(always)]
    pub(super) fn times(&self, b: &Self) -> Self {
        let cpu = self.cpu();
        let n = splat(cpu, &N);
        let n_inverse = cpu.splat(N_INVERSE);
        let mut t = [cpu.zero(); 6];
        let mut i = 0;
        while i < 5 {
            let a = self.0[i];
            let low = each!(5, j => t[j].madd_lo(a, b.0[j]));
            let q = cpu.zero().madd_lo(low[0], n_inverse);
            let low = each!(5, j => low[j].madd_lo(q, n[j]));
            let carried = low[0].shr::<52>();
            let shifted = [low[1].plus(carried), low[2], low[3], low[4], t[5]];
            let high = each!(5, j => shifted[j].madd_hi(a, b.0[j]).madd_hi(q, n[j]));
            t = [high[0], high[1], high[2], high[3], high[4], cpu.zero()];
            i += 1;
        }
        Self(carry([t[0], t[1], t[2], t[3], t[4]]))
    }

    /// `self * R`
    #[inline(always)]
    pub(super) fn in_montgomery(&self) -> Self {
        self.times(&Self(splat(self.cpu(), &R2)))
    }

    /// From below 2n to below n.
    #[inline(always)]
    pub(super) fn canonical(&self) -> Self {
        let cpu = self.cpu();
        let less = carry(difference(&self.0, &splat(cpu, &N)));
        let small = less[4].lt(cpu.zero());
        Self(less).select(small, self)
    }
}

/// `x R` to `R / x`; no lane may be zero. One number is inverted, the product of all lanes.
#[derive(Debug)]
pub(super) struct Invert(pub(super) Scalar);

impl Kernel for Invert {
    type Output = Scalar;

    #[inline(always)]
    fn run(self, cpu: Cpu) -> Scalar {
        let x = self.0;
        let fours = Scalar(each!(5, i => x.0[i].swap_fours()));
        let p4 = x.times(&fours);
        let twos = Scalar(each!(5, i => p4.0[i].swap_twos()));
        let p2 = p4.times(&twos);
        let ones = Scalar(each!(5, i => p2.0[i].swap_ones()));
        let product = p2.times(&ones).canonical();
        let inverse = inverse::invert(first_lane(product.0), &N_MODULUS);
        let inverse = Scalar::from_words(each!(4, i => cpu.splat(inverse[i])));
        // Twice: the product was x R, so its inverse is 1 / (x R).
        let inverse = inverse.in_montgomery().in_montgomery();
        inverse.times(&ones).times(&twos).times(&fours)
    }
}

#[cfg(test)]
mod tests;
