//! Square roots in the field: a power, by a chain of squarings and thirteen products.

use lanes::{Cpu, Kernel, each};

use super::field::Fe;

/// Roots of `N` values at once: one chain alone would leave the multipliers idle. A root only where there is one.
#[derive(Debug)]
pub(super) struct Roots<'a, const N: usize>(pub(super) &'a [Fe; N]);

impl<const N: usize> Kernel for Roots<'_, N> {
    type Output = [Fe; N];

    /// The power (p + 1) / 4. In binary that is 223 ones, a zero, 22 ones, four zeros, two ones and two zeros; `xK` below is
    /// the power of K ones.
    #[inline(always)]
    fn run(self, cpu: Cpu) -> [Fe; N] {
        let x1 = self.0;
        let step =
            |x: &[Fe; N], squares: usize, y: &[Fe; N]| cpu.run(SquareAndMultiply { x, squares, y });
        let x2 = step(x1, 1, x1);
        let x3 = step(&x2, 1, x1);
        let x6 = step(&x3, 3, &x3);
        let x9 = step(&x6, 3, &x3);
        let x11 = step(&x9, 2, &x2);
        let x22 = step(&x11, 11, &x11);
        let x44 = step(&x22, 22, &x22);
        let x88 = step(&x44, 44, &x44);
        let x176 = step(&x88, 88, &x88);
        let x220 = step(&x176, 44, &x44);
        let x223 = step(&x220, 3, &x3);
        let upper = step(&x223, 23, &x22);
        let root = step(&upper, 6, &x2);
        let once = each!(N, i => root[i].square());
        each!(N, i => once[i].square())
    }
}

/// `x^(2^squares) * y`
struct SquareAndMultiply<'a, const N: usize> {
    x: &'a [Fe; N],
    squares: usize,
    y: &'a [Fe; N],
}

impl<const N: usize> Kernel for SquareAndMultiply<'_, N> {
    type Output = [Fe; N];

    #[inline(always)]
    fn run(self, _: Cpu) -> [Fe; N] {
        let mut x = *self.x;
        for _ in 0..self.squares {
            x = each!(N, i => x[i].square());
        }
        each!(N, i => x[i].times(&self.y[i]))
    }
}
