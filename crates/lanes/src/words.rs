//! Eight numbers of 256 bits across lanes: as four words of 64 bits, as five limbs of 52, and cut into windows.

use super::{Cpu, Lanes, each};

/// The low 52 bits of a lane.
pub const M52: u64 = (1 << 52) - 1;

/// Turns eight rows of eight words into eight columns.
#[inline(always)]
pub fn transpose(r: [Lanes; 8]) -> [Lanes; 8] {
    let l = each!(4, i => r[2 * i].unpack_lo(r[2 * i + 1]));
    let h = each!(4, i => r[2 * i].unpack_hi(r[2 * i + 1]));
    let le = each!(2, i => l[2 * i].even_pairs(l[2 * i + 1]));
    let lo = each!(2, i => l[2 * i].odd_pairs(l[2 * i + 1]));
    let he = each!(2, i => h[2 * i].even_pairs(h[2 * i + 1]));
    let ho = each!(2, i => h[2 * i].odd_pairs(h[2 * i + 1]));
    [
        le[0].even_pairs(le[1]),
        he[0].even_pairs(he[1]),
        lo[0].even_pairs(lo[1]),
        ho[0].even_pairs(ho[1]),
        le[0].odd_pairs(le[1]),
        he[0].odd_pairs(he[1]),
        lo[0].odd_pairs(lo[1]),
        ho[0].odd_pairs(ho[1]),
    ]
}

/// Limbs of four words, the least significant first.
#[inline(always)]
pub fn limbs_from_words(w: [Lanes; 4]) -> [Lanes; 5] {
    let m = w[0].cpu().splat(M52);
    [
        w[0].and(m),
        w[0].shr::<52>().or(w[1].shl::<12>()).and(m),
        w[1].shr::<40>().or(w[2].shl::<24>()).and(m),
        w[2].shr::<28>().or(w[3].shl::<36>()).and(m),
        w[3].shr::<16>(),
    ]
}

/// The way back; the value must be below 2^256 and its limbs below 2^52.
#[inline(always)]
pub fn words_from_limbs(l: [Lanes; 5]) -> [Lanes; 4] {
    [
        l[0].or(l[1].shl::<52>()),
        l[1].shr::<12>().or(l[2].shl::<40>()),
        l[2].shr::<24>().or(l[3].shl::<28>()),
        l[3].shr::<36>().or(l[4].shl::<16>()),
    ]
}

/// Lane 0 of [`words_from_limbs`].
#[inline(always)]
pub fn first_lane(l: [Lanes; 5]) -> [u64; 4] {
    let w = words_from_limbs(l);
    each!(4, i => w[i].store()[0])
}

/// `bits` bits, fewer than 52, beginning with bit `at`. The top limb may be wider than 52 bits.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "there are a handful of limbs of 64 bits")]
pub fn window<const L: usize>(limbs: &[Lanes; L], at: usize, bits: usize) -> Lanes {
    let limb = core::cmp::min(at / 52, L - 1);
    let offset = at - 52 * limb;
    let mut w = limbs[limb].shr_by(offset as u32);
    if offset + bits > 52 && limb + 1 < L {
        w = w.or(limbs[limb + 1].shl_by((52 - offset) as u32));
    }
    w.and(mask(w.cpu(), bits))
}

#[inline(always)]
fn mask(cpu: Cpu, bits: usize) -> Lanes {
    cpu.splat((1 << bits) - 1)
}

#[cfg(test)]
mod tests;
