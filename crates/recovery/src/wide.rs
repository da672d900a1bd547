//! Public keys of many signatures in eight lanes: Q = u1*G + u2*R with u1 = -z/r and u2 = s/r.
//!
//! Signatures go in groups of eight, one in each lane, and a chunk of groups goes through six stages together, because all
//! of its points share their inversions:
//!
//! 1. [`scalars`]: range checks, 1/r, u1 and u2 as odd digits with signs.
//! 2. [`lift`]: R, of which only x is known.
//! 3. [`levels`]: R, 3R .. 31R, and u1*G as a tree of sums of points out of the [`table`].
//! 4. [`pairs`]: for each of the 26 windows of u2, a multiple of R and one of lambda*R, added.
//! 5. [`horner`]: 32 times the sum so far + the next one, 25 times, then + u1*G.
//! 6. [`finish`]: Q by its own coordinates, Keccak, the address.
//!
//! Invariant: **every lane is decided here**, whatever u1, u2 and R are; who signs chooses all three at will, so a slower
//! way for some of them could be aimed at. These are the cases in which a sum of two points needs care:
//!
//! - In `levels`, of R's multiples: none. `iR = ±jR` with i, j below 32 needs a group order below 64.
//! - In `levels`, of G's: two different sets of windows of u1 have sums A and B. `A = ±B` says that `A ∓ B`, which is not zero, is a
//!   multiple of n; it lies below 2^256, so it is ±n, which has one way to be written in odd digits, and in that no
//!   window is left out. So it happens in the last sum alone, and only as `A = B`, since u1 is no multiple of n.
//!   [`point::Affine::plus_any`] adds there. Where u1 is zero, 1 stands in, and the sum is not added in the end.
//! - In `pairs` and `horner`: sums are of the form a + b * lambda. One that is a multiple of n, but not with a = b = 0, has
//!   a^2 - ab + b^2 >= n, so |a| or |b| above 2^127. All digits are odd, so a and b are never zero. Before the last window they stay below
//!   2^126; in the last one the points may be equal, not opposite, since u2 is not zero. [`jacobian::Jacobian::plus_any`] adds.
//! - In the sum with u1*G: anything. The same method, and where Q is infinite nobody signed.

mod digits;
mod field;
mod finish;
mod horner;
mod inverse;
mod inverter;
mod jacobian;
mod levels;
mod lift;
mod pairs;
mod point;
mod root;
mod scalar;
mod scalars;
mod table;

use alloy_primitives::Address;
use lanes::{Cpu, Mask};

use self::{
    digits::Signs,
    field::Fe,
    inverter::{Inverter, Met},
    jacobian::Jacobian,
    pairs::Pair,
    point::{Affine, Row},
    scalar::Scalar,
    table::Table,
};
use crate::{HighS, Signed};

/// Bits of a window of u2's halves, and how many there are.
const WIDTH: usize = 5;
const WINDOWS: usize = 26;
/// Odd multiples of R that a digit may name.
const ODDS: usize = 1 << (WIDTH - 1);
/// Bits of a window of u1, and how many there are.
const G_WIDTH: usize = 13;
const G_WINDOWS: usize = 20;

/// Groups of a chunk: more would share an inversion, but leave the cache.
const GROUPS_MAX: usize = 32;
/// Signatures of a chunk.
pub(crate) const CHUNK_MAX: usize = 8 * GROUPS_MAX;

/// Recovers chunks. Keeps its memory between them.
#[derive(Debug)]
pub(crate) struct Wide {
    cpu: Cpu,
    table: &'static Table,
    work: Work,
}

#[derive(Debug)]
struct Work {
    groups: Vec<Group>,
    /// Points of each group, by the places that [`levels`] gives them.
    pools: Vec<levels::Pool>,
    /// Odd multiples of R: for each group and each multiple, a row for each lane.
    rows: Vec<Row>,
    /// Addends of each window of each group, and their sums.
    pairs: Vec<Pair>,
    sums: Vec<Affine>,
    /// Q of each group.
    keys: Vec<Jacobian>,
    inverter: Inverter,
    scalars_before: Vec<Scalar>,
}

/// Eight signatures.
#[derive(Debug, Clone, Copy)]
struct Group {
    r: Scalar,
    s: Scalar,
    z: Scalar,
    x: Fe,
    odd_y: Mask,
    /// Lanes that may have a key. The others go on with numbers of no meaning.
    valid: Mask,
    /// Lanes where u1 is zero.
    no_g: Mask,
    /// Lanes where the last two points of the tree are equal.
    equal: Mask,
    u1: Signs<5>,
    u2: [Signs<3>; 2],
}

impl Wide {
    /// `None` where the CPU lacks the instructions. The first call builds the table.
    pub(crate) fn detect() -> Option<Self> {
        let cpu = Cpu::detect()?;
        let work = Work {
            groups: Vec::new(),
            pools: Vec::new(),
            rows: Vec::new(),
            pairs: Vec::new(),
            sums: Vec::new(),
            keys: Vec::new(),
            inverter: Inverter::new(cpu),
            scalars_before: Vec::new(),
        };
        Some(Self { cpu, table: Table::shared(cpu), work })
    }

    /// Appends the signers of a chunk of at most [`CHUNK_MAX`] signatures.
    ///
    /// # Errors
    /// When two points met that cannot meet, by the list above; then nothing is appended.
    pub(crate) fn recover(
        &mut self,
        chunk: &[Signed],
        high_s: HighS,
        signers: &mut Vec<Option<Address>>,
    ) -> Result<(), Met> {
        let Self { cpu, table, work } = self;
        cpu.run(scalars::Scalars { chunk, high_s, work });
        cpu.run(lift::Lift { table, work });
        cpu.run(levels::LoadG { table, work });
        cpu.run(levels::Levels { table, work })?;
        cpu.run(pairs::Pairs { work })?;
        cpu.run(horner::Horner { work });
        cpu.run(finish::Finish { work, count: chunk.len(), signers })
    }
}
