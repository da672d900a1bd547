//! What a run did, in numbers.

/// Numbers of one run, or of several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Transactions that were run in their turn by one thread, because more would not have paid.
    pub in_turn: u64,
    /// Transactions that were run ahead of their turn and held.
    pub ahead: u64,
    /// Transactions of a parallel run that were left to their turn.
    pub at_head: u64,
    /// Transactions that were run ahead in vain, and again in their turn.
    pub again: u64,
}
