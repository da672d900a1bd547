//! The fifth stage: u2*R out of the sums of its windows, then + u1*G.

use lanes::{Cpu, Kernel};

use super::{
    Group, WIDTH, WINDOWS, Work, field::Fe, jacobian::Jacobian, levels::Pool, point::Affine,
};

#[derive(Debug)]
pub(super) struct Horner<'a> {
    pub(super) work: &'a mut Work,
}

impl Kernel for Horner<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, cpu: Cpu) {
        let Work { groups, pools, sums, keys, .. } = self.work;
        keys.clear();
        for ((group, pool), sums) in groups.iter_mut().zip(pools).zip(sums.chunks(WINDOWS)) {
            keys.push(add_g(group, pool, multiply(sums), cpu));
        }
    }
}

/// u2*R. In the last window, and only there, the points may be equal; opposite they are not, as u2 is not zero.
#[inline(always)]
fn multiply(sums: &[Affine]) -> Jacobian {
    let mut acc = Jacobian::new(&sums[WINDOWS - 1]);
    for i in (1..WINDOWS - 1).rev() {
        for _ in 0..WIDTH {
            acc = acc.doubled_negated();
        }
        acc = acc.plus(&sums[i]);
    }
    for _ in 0..WIDTH {
        acc = acc.doubled_negated();
    }
    acc.plus_any(&sums[0]).0
}

#[inline(always)]
fn add_g(group: &mut Group, pool: &Pool, u2_r: Jacobian, cpu: Cpu) -> Jacobian {
    let u1_g = pool.u1_g();
    let twice_y = u1_g.y.sum().doubled().carry();
    let (sum, infinite) = u2_r.plus_any(&Affine { x: u1_g.x, y: twice_y });
    let key = sum.select(group.no_g, &u2_r);
    let infinite = infinite & !group.no_g;
    group.valid &= !infinite;
    // Z is inverted for all lanes together.
    Jacobian { z: key.z.select(infinite, &Fe::one(cpu)), ..key }
}
