//! The instructions, each as a method.
#![expect(unsafe_code, reason = "intrinsics, and loads and stores through pointers")]

use core::arch::x86_64::*;

use super::Cpu;

/// One bit per lane, the lowest for lane 0.
pub type Mask = u8;

/// Eight numbers of 64 bits.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct Lanes(__m512i);

/// An intrinsic where a [`Cpu`] or [`Lanes`] is at hand.
macro_rules! instruction {
    ($call:expr) => {{
        // SAFETY: this intrinsic touches no memory, and needs a CPU on which `Cpu::detect` gave out a `Cpu`:
        // all that makes a `Lanes` is a `Cpu` or another `Lanes`.
        unsafe {
            $call
        }
    }};
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident => $intrinsic:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        #[must_use]
        pub fn $name(self, other: Self) -> Self {
            Self(instruction!($intrinsic(self.0, other.0)))
        }
    )*};
}

impl Cpu {
    /// Zero in all lanes.
    #[inline(always)]
    pub fn zero(self) -> Lanes {
        Lanes(instruction!(_mm512_setzero_si512()))
    }

    /// One number in all lanes.
    #[inline(always)]
    pub fn splat(self, x: u64) -> Lanes {
        Lanes(instruction!(_mm512_set1_epi64(x.cast_signed())))
    }

    /// A number for each lane.
    #[inline(always)]
    pub fn load(self, x: &[u64; 8]) -> Lanes {
        // SAFETY: 64 readable bytes lie at `x`, the load asks for no alignment, and the CPU has it.
        Lanes(unsafe { _mm512_loadu_si512(x.as_ptr().cast()) })
    }
}

impl Lanes {
    binary! {
        /// The sum, modulo 2^64.
        plus => _mm512_add_epi64;
        /// The difference, modulo 2^64.
        minus => _mm512_sub_epi64;
        /// Bits of both.
        and => _mm512_and_si512;
        /// Bits of either.
        or => _mm512_or_si512;
        /// Bits of exactly one.
        xor => _mm512_xor_si512;
        /// Of each pair of lanes the first one, of `self` and of `other` in turn.
        unpack_lo => _mm512_unpacklo_epi64;
        /// Of each pair of lanes the second one.
        unpack_hi => _mm512_unpackhi_epi64;
    }

    /// What made it possible.
    #[inline(always)]
    pub fn cpu(self) -> Cpu {
        Cpu::of(self)
    }

    /// The first and third pair of lanes of `self`, then those of `other`.
    #[inline(always)]
    #[must_use]
    pub fn even_pairs(self, other: Self) -> Self {
        Self(instruction!(_mm512_shuffle_i64x2::<0x88>(self.0, other.0)))
    }

    /// The second and fourth pair of lanes of `self`, then those of `other`.
    #[inline(always)]
    #[must_use]
    pub fn odd_pairs(self, other: Self) -> Self {
        Self(instruction!(_mm512_shuffle_i64x2::<0xdd>(self.0, other.0)))
    }

    /// The eight numbers.
    #[inline(always)]
    pub fn store(self) -> [u64; 8] {
        let mut out = [0; 8];
        // SAFETY: 64 writable bytes lie at `out`, the store asks for no alignment, and the CPU has it.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), self.0) };
        out
    }

    /// The eight numbers, as places in something that lies in memory.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "these machines have addresses of 64 bits")]
    pub fn places(self) -> [usize; 8] {
        let numbers = self.store();
        crate::each!(8, i => numbers[i] as usize)
    }

    /// `self + low52(a * b)`, of the low 52 bits of `a` and `b`: what lies above them is ignored.
    #[inline(always)]
    #[must_use]
    pub fn madd_lo(self, a: Self, b: Self) -> Self {
        Self(instruction!(_mm512_madd52lo_epu64(self.0, a.0, b.0)))
    }

    /// `self + (a * b >> 52)`, of the low 52 bits of `a` and `b`.
    #[inline(always)]
    #[must_use]
    pub fn madd_hi(self, a: Self, b: Self) -> Self {
        Self(instruction!(_mm512_madd52hi_epu64(self.0, a.0, b.0)))
    }

    /// Shift left.
    #[inline(always)]
    #[must_use]
    pub fn shl<const N: u32>(self) -> Self {
        Self(instruction!(_mm512_slli_epi64::<N>(self.0)))
    }

    /// Shift right, zeros come in.
    #[inline(always)]
    #[must_use]
    pub fn shr<const N: u32>(self) -> Self {
        Self(instruction!(_mm512_srli_epi64::<N>(self.0)))
    }

    /// Shift right, the sign comes in.
    #[inline(always)]
    #[must_use]
    pub fn sar<const N: u32>(self) -> Self {
        Self(instruction!(_mm512_srai_epi64::<N>(self.0)))
    }

    /// Shift right by a count that is known at run time.
    #[inline(always)]
    #[must_use]
    pub fn shr_by(self, n: u32) -> Self {
        Self(instruction!(_mm512_srl_epi64(self.0, _mm_cvtsi64_si128(i64::from(n)))))
    }

    /// Shift left by a count that is known at run time.
    #[inline(always)]
    #[must_use]
    pub fn shl_by(self, n: u32) -> Self {
        Self(instruction!(_mm512_sll_epi64(self.0, _mm_cvtsi64_si128(i64::from(n)))))
    }

    /// Rotate left.
    #[inline(always)]
    #[must_use]
    pub fn rol<const N: i32>(self) -> Self {
        Self(instruction!(_mm512_rol_epi64::<N>(self.0)))
    }

    /// `self ^ b ^ c`
    #[inline(always)]
    #[must_use]
    pub fn xor3(self, b: Self, c: Self) -> Self {
        Self(instruction!(_mm512_ternarylogic_epi64::<0x96>(self.0, b.0, c.0)))
    }

    /// `self ^ (!b & c)`
    #[inline(always)]
    #[must_use]
    pub fn chi(self, b: Self, c: Self) -> Self {
        Self(instruction!(_mm512_ternarylogic_epi64::<0xd2>(self.0, b.0, c.0)))
    }

    /// Lanes that are equal.
    #[inline(always)]
    pub fn eq(self, other: Self) -> Mask {
        instruction!(_mm512_cmpeq_epi64_mask(self.0, other.0))
    }

    /// Lanes below those of `other`, both with a sign.
    #[inline(always)]
    pub fn lt(self, other: Self) -> Mask {
        instruction!(_mm512_cmplt_epi64_mask(self.0, other.0))
    }

    /// Lanes where `self & other` has a bit.
    #[inline(always)]
    pub fn test(self, other: Self) -> Mask {
        instruction!(_mm512_test_epi64_mask(self.0, other.0))
    }

    /// `other` in the lanes of `mask`, `self` elsewhere.
    #[inline(always)]
    #[must_use]
    pub fn select(self, mask: Mask, other: Self) -> Self {
        Self(instruction!(_mm512_mask_blend_epi64(mask, self.0, other.0)))
    }

    /// `a - self` in the lanes of `mask`, `self` elsewhere.
    #[inline(always)]
    #[must_use]
    pub fn minus_from_where(self, mask: Mask, a: Self) -> Self {
        Self(instruction!(_mm512_mask_sub_epi64(self.0, mask, a.0, self.0)))
    }

    /// `self + a` in the lanes of `mask`, `self` elsewhere.
    #[inline(always)]
    #[must_use]
    pub fn plus_where(self, mask: Mask, a: Self) -> Self {
        Self(instruction!(_mm512_mask_add_epi64(self.0, mask, self.0, a.0)))
    }

    /// `self - a` in the lanes of `mask`, `self` elsewhere.
    #[inline(always)]
    #[must_use]
    pub fn minus_where(self, mask: Mask, a: Self) -> Self {
        Self(instruction!(_mm512_mask_sub_epi64(self.0, mask, self.0, a.0)))
    }

    /// Lane `i` from lane `i ^ 4`.
    #[inline(always)]
    #[must_use]
    pub fn swap_fours(self) -> Self {
        Self(instruction!(_mm512_shuffle_i64x2::<0x4e>(self.0, self.0)))
    }

    /// Lane `i` from lane `i ^ 2`.
    #[inline(always)]
    #[must_use]
    pub fn swap_twos(self) -> Self {
        Self(instruction!(_mm512_shuffle_i64x2::<0xb1>(self.0, self.0)))
    }

    /// Lane `i` from lane `i ^ 1`.
    #[inline(always)]
    #[must_use]
    pub fn swap_ones(self) -> Self {
        Self(instruction!(_mm512_permutex_epi64::<0xb1>(self.0)))
    }

    /// The bytes of each lane in reverse.
    #[inline(always)]
    #[must_use]
    pub fn swap_bytes(self) -> Self {
        let (even, odd) = (0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
        let order = self.cpu().load(&[even, odd, even, odd, even, odd, even, odd]);
        Self(instruction!(_mm512_shuffle_epi8(self.0, order.0)))
    }
}

/// Asks for the memory of a value ahead of its use.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    // SAFETY: a hint that reads nothing, and in the least of x86-64.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(value).cast()) };
}

#[cfg(test)]
mod tests;
