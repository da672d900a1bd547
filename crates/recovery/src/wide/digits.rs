//! Numbers as odd digits with a sign, none of them zero: what lets all lanes add at every step, and nothing be infinite.
//!
//! For an odd number k, the bits of `(k + 2^bits - 1) / 2` are signs: k is the sum of `±2^i`, plus where bit i is one. So `width`
//! of them, as a number w, stand for the digit `2w + 1 - 2^width`.

use lanes::{Cpu, Lanes, Mask, each, window};

use super::scalar::{N, Scalar, carry, difference, splat};

// A basis of the lattice of all (a, b) with a + b * lambda = 0 modulo n: v1 = (A1, -B1) and v2 = (A2, A1).
const A1: [u64; 3] = [0x000c_90e4_9284_eb15, 0x0002_1a7d_46bc_de86, 0x0030_86d2];
const B1: [u64; 3] = [0x0004_7fa9_0abf_e4c3, 0x000d_6010_e882_86f5, 0x00e4_437e];
const A2: [u64; 3] = [0x0001_108d_9d44_cfd8, 0x000f_7a8e_2f3f_657c, 0x0114_ca50];
/// round(2^384 * A1 / n)
const G1: [u64; 5] = [
    0x0003_209a_45db_b031,
    0x0001_471e_8ca7_fe89,
    0x0002_84eb_153d_aa8a,
    0x0006_bcde_86c9_0e49,
    0x3086_d221_a7d4,
];
/// round(2^384 * B1 / n)
const G2: [u64; 5] = [
    0x0001_b4ae_8ac4_7f71,
    0x000a_c9df_506c_6157,
    0x000a_bfe4_c422_1208,
    0x0008_8286_f547_fa90,
    0xe443_7ed6_010e,
];

/// The signs of an odd number, in limbs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs<const L: usize>([Lanes; L]);

impl<const L: usize> Signs<L> {
    #[inline(always)]
    pub(super) fn zero(cpu: Cpu) -> Self {
        Self([cpu.zero(); L])
    }

    /// `(k + 2^bits - 1) / 2`
    #[inline(always)]
    fn of(mut k: [Lanes; L], bits: usize) -> Self {
        let cpu = k[0].cpu();
        let one = cpu.splat(1);
        // The top limb may run past 52 bits.
        let top = core::cmp::min(bits / 52, L - 1);
        k[0] = k[0].minus(one);
        k[top] = k[top].plus(cpu.splat(1 << (bits - 52 * top)));
        let k = carry(k);
        let mut half = each!(L, i => k[i].shr::<1>());
        let mut i = 1;
        while i < L {
            half[i - 1] = half[i - 1].or(k[i].and(one).shl::<51>());
            i += 1;
        }
        Self(half)
    }

    /// Digit number `i` as its place among the odd numbers 1, 3, 5, ..., and the lanes where it is negative.
    #[inline(always)]
    pub(super) fn digit(&self, i: usize, width: usize) -> (Lanes, Mask) {
        let w = window(&self.0, i * width, width);
        let cpu = w.cpu();
        let low = cpu.splat((1 << (width - 1)) - 1);
        let negative = !w.test(cpu.splat(1 << (width - 1)));
        let index = w.and(low);
        (index.select(negative, index.xor(low)), negative)
    }
}

/// The signs of `k`, or of `k - n` where `k` is even; `k` is below n.
#[inline(always)]
pub(super) fn odd(k: &Scalar, bits: usize) -> Signs<5> {
    let cpu = k.cpu();
    let even = !k.0[0].test(cpu.splat(1));
    Signs::of(each!(5, i => k.0[i].minus_where(even, cpu.splat(N[i]))), bits)
}

/// `k = k1 + k2 * lambda` modulo n, both parts odd and between -2^130 and 2^130; `k` is below n.
#[inline(always)]
pub(super) fn odd_halves(k: &Scalar, bits: usize) -> [Signs<3>; 2] {
    let cpu = k.cpu();
    let (zero, one) = ([cpu.zero(); 3], cpu.splat(1));
    let c1 = product_shifted_by_384(&k.0, &splat(cpu, &G1));
    let c2 = product_shifted_by_384(&k.0, &splat(cpu, &G2));
    let (a1, b1, a2) = (splat(cpu, &A1), splat(cpu, &B1), splat(cpu, &A2));
    // k1 = k - c1 A1 - c2 A2, k2 = c1 B1 - c2 A1
    let k1 = difference(&[k.0[0], k.0[1], k.0[2]], &products_low(&c1, &a1, &c2, &a2));
    let k2 =
        difference(&products_low(&c1, &b1, &zero, &zero), &products_low(&c2, &a1, &zero, &zero));
    // v1 has two odd parts, v2 an even and an odd one: together they make any parities odd.
    let even = !k1[0].test(one);
    let k1 = each!(3, i => k1[i].minus_where(even, a1[i]));
    let k2 = each!(3, i => k2[i].plus_where(even, b1[i]));
    let even = !k2[0].test(one);
    let k1 = each!(3, i => k1[i].minus_where(even, a2[i]));
    let k2 = each!(3, i => k2[i].minus_where(even, a1[i]));
    [Signs::of(with_sign(carry(k1)), bits), Signs::of(with_sign(carry(k2)), bits)]
}

/// What was computed modulo 2^156, with the sign that its top bit says.
#[inline(always)]
fn with_sign(mut k: [Lanes; 3]) -> [Lanes; 3] {
    k[2] = k[2].shl::<12>().sar::<12>();
    k
}

/// `a * b >> 384`
#[inline(always)]
fn product_shifted_by_384(a: &[Lanes; 5], b: &[Lanes; 5]) -> [Lanes; 3] {
    let cpu = a[0].cpu();
    let mut t = [cpu.zero(); 10];
    let mut i = 0;
    while i < 5 {
        let mut j = 0;
        while j < 5 {
            t[i + j] = t[i + j].madd_lo(a[i], b[j]);
            t[i + j + 1] = t[i + j + 1].madd_hi(a[i], b[j]);
            j += 1;
        }
        i += 1;
    }
    let t = carry(t);
    let m = cpu.splat(lanes::M52);
    [
        t[7].shr::<20>().or(t[8].shl::<32>()).and(m),
        t[8].shr::<20>().or(t[9].shl::<32>()).and(m),
        t[9].shr::<20>(),
    ]
}

/// `a*b + c*d` modulo 2^156, not carried.
#[inline(always)]
fn products_low(a: &[Lanes; 3], b: &[Lanes; 3], c: &[Lanes; 3], d: &[Lanes; 3]) -> [Lanes; 3] {
    let mut t = [a[0].cpu().zero(); 3];
    let mut i = 0;
    while i < 3 {
        let mut j = 0;
        while j < 3 - i {
            t[i + j] = t[i + j].madd_lo(a[i], b[j]).madd_lo(c[i], d[j]);
            if i + j + 1 < 3 {
                t[i + j + 1] = t[i + j + 1].madd_hi(a[i], b[j]).madd_hi(c[i], d[j]);
            }
            j += 1;
        }
        i += 1;
    }
    t
}

#[cfg(test)]
mod tests;
