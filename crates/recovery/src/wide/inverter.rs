//! One inversion for many elements (Montgomery's trick), three products each.

use lanes::Cpu;

use super::field::{Fe, Invert};

/// Independent products, which hide how long one takes.
const CHAINS: usize = 4;

/// A stack: push elements, [`Inverter::invert`] once, and pop their inverses, the last one first.
#[derive(Debug)]
pub(super) struct Inverter {
    elements: Vec<Fe>,
    /// For each element, the product of those before it in its chain.
    before: Vec<Fe>,
    /// Element `i` belongs to chain `i % CHAINS`. Products on the way up, their inverses on the way down.
    run: [Fe; CHAINS],
}

/// An element was zero: two points met that cannot meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Met;

impl Inverter {
    #[inline(always)]
    pub(super) fn new(cpu: Cpu) -> Self {
        Self { elements: Vec::new(), before: Vec::new(), run: [Fe::one(cpu); CHAINS] }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, e: Fe) {
        let run = &mut self.run[self.elements.len() % CHAINS];
        self.before.push(*run);
        self.elements.push(e);
        *run = run.times(&e);
    }

    /// # Errors
    /// When an element is zero in some lane. The inverter is then empty.
    #[inline(always)]
    pub(super) fn invert(&mut self) -> Result<(), Met> {
        let [a, b, c, d] = &self.run;
        let (ab, cd) = (a.times(b), c.times(d));
        let product = ab.times(&cd);
        let cpu = product.cpu();
        if product.is_zero() != 0 {
            *self = Self::new(cpu);
            return Err(Met);
        }
        let inverse = cpu.run(Invert(product));
        let (of_ab, of_cd) = (inverse.times(&cd), inverse.times(&ab));
        self.run = [of_ab.times(b), of_ab.times(a), of_cd.times(d), of_cd.times(c)];
        Ok(())
    }

    /// After the last one the inverter is as new.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Fe {
        let (Some(e), Some(before)) = (self.elements.pop(), self.before.pop()) else {
            unreachable!("as many are popped as were pushed")
        };
        let i = self.elements.len();
        let run = &mut self.run[i % CHAINS];
        let inverse = run.times(&before);
        *run = if i < CHAINS { Fe::one(e.cpu()) } else { run.times(&e) };
        inverse
    }
}
