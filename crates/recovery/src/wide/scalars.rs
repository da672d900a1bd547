//! The first stage: what a signature says as numbers, and the multiples of G and R that it asks for.

use lanes::{Cpu, Kernel, Mask, each};

use super::{
    G_WIDTH, G_WINDOWS, Group, WIDTH, WINDOWS, Work,
    digits::{self, Signs},
    field::Fe,
    scalar::{Invert, Scalar},
};
use crate::{HighS, Signed};

#[derive(Debug)]
pub(super) struct Scalars<'a> {
    pub(super) chunk: &'a [Signed],
    pub(super) high_s: HighS,
    pub(super) work: &'a mut Work,
}

impl Kernel for Scalars<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, cpu: Cpu) {
        let Work { groups, scalars_before: before, .. } = self.work;
        groups.clear();
        before.clear();
        // Montgomery's trick over the groups; each lane has a product of its own.
        let mut product = Scalar::one(cpu).in_montgomery();
        for eight in self.chunk.chunks(8) {
            let group = parse(cpu, eight, self.high_s);
            before.push(product);
            product = product.times(&group.r.in_montgomery());
            groups.push(group);
        }
        let mut inverse = cpu.run(Invert(product));
        for (group, before) in groups.iter_mut().zip(before.iter()).rev() {
            let r_inverse = inverse.times(before);
            inverse = inverse.times(&group.r.in_montgomery());
            // The sign of u1 = -z/r is that of the points added for it.
            let u1 = group.z.times(&r_inverse).canonical();
            let u2 = group.s.times(&r_inverse).canonical();
            group.no_g = u1.is_zero();
            let u1 = u1.select(group.no_g, &Scalar::one(cpu));
            group.u1 = digits::odd(&u1, G_WIDTH * G_WINDOWS);
            group.u2 = digits::odd_halves(&u2, WIDTH * WINDOWS);
        }
    }
}

/// Reads up to eight signatures; lanes beyond them hold the last one again.
#[inline(always)]
fn parse(cpu: Cpu, eight: &[Signed], high_s: HighS) -> Group {
    let last = eight.len() - 1;
    let at = each!(8, lane => &eight[core::cmp::min(lane, last)]);
    let r = each!(4, w => cpu.load(&each!(8, lane => at[lane].r.as_limbs()[w])));
    let s = each!(4, w => cpu.load(&each!(8, lane => at[lane].s.as_limbs()[w])));
    let z = each!(4, w => cpu.load(&each!(8, lane => at[lane].hash_word(w))));
    let x = Fe::from_words(r);
    let (r, s, z) = (Scalar::from_words(r), Scalar::from_words(s), Scalar::from_words(z));
    let mut valid = r.in_range() & s.in_range();
    if high_s == HighS::Refused {
        valid &= !s.is_high();
    }
    let odd_y = each!(8, lane => u8::from(at[lane].odd_y) << lane);
    let one = Scalar::one(cpu);
    Group {
        r: one.select(valid, &r),
        s: one.select(valid, &s),
        z,
        x,
        odd_y: odd_y.iter().fold(0, |mask: Mask, bit| mask | bit),
        valid,
        no_g: 0,
        equal: 0,
        u1: Signs::zero(cpu),
        u2: [Signs::zero(cpu); 2],
    }
}
