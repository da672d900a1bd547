//! The second stage: R out of its x coordinate and the parity of its y.

use lanes::{Cpu, Kernel};

use super::{
    Work,
    field::{Cols, Fe},
    levels::Pool,
    point::Affine,
    root::Roots,
    table::Table,
};

#[derive(Debug)]
pub(super) struct Lift<'a> {
    pub(super) table: &'a Table,
    pub(super) work: &'a mut Work,
}

impl Kernel for Lift<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, cpu: Cpu) {
        let Work { groups, pools, .. } = self.work;
        if pools.len() < groups.len() {
            pools.resize_with(groups.len(), || Pool::new(cpu));
        }
        let g = Affine::splat(cpu, self.table.generator());
        // Two groups at a time; the last one may stand for both.
        for (groups, pools) in groups.chunks_mut(2).zip(pools.chunks_mut(2)) {
            let yy = [y_squared(&groups[0].x), y_squared(&groups[groups.len() - 1].x)];
            let roots = cpu.run(Roots(&yy));
            for (k, (group, pool)) in groups.iter_mut().zip(pools).enumerate() {
                group.valid &= roots[k].square().equals(&yy[k]);
                let y = roots[k].canonical();
                let y = y.select(y.is_odd() ^ group.odd_y, &y.negated(2).carry());
                // Lanes without a point go on with G.
                pool.set_r(g.select(group.valid, &Affine { x: group.x, y }));
            }
        }
    }
}

/// x^3 + 7
#[inline(always)]
fn y_squared(x: &Fe) -> Fe {
    let seven = Fe::splat(x.cpu(), [7, 0, 0, 0, 0]);
    Cols::product(&x.square(), x).plus(&seven.sum()).reduce()
}
