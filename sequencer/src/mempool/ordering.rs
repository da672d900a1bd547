//! In which order ready transactions are taken. The seam has two implementations, and a sequencer runs one.
//!
//! A ready transaction waits in one of two lanes: while the base fee leaves its tip whole, in the full lane,
//! else in the cut lane. Inside a lane the order does not depend on the base fee, so a new base fee moves
//! only the transactions that change lanes.

use super::Fees;

/// Ranks ready transactions. Higher weights go first; equal weights go in order of arrival.
pub trait Ordering: Send + Sync + std::fmt::Debug {
    /// Weight in the full lane.
    fn weight_full(&self, fees: &Fees) -> u128;

    /// Weight in the cut lane, among transactions whose tip the base fee cuts.
    fn weight_cut(&self, fees: &Fees) -> u128;

    /// Weight that compares the first of one lane with the first of the other, at this base fee.
    fn weight_now(&self, fees: &Fees, base_fee: u64) -> u128;
}

/// Who pays the higher effective tip goes first.
#[derive(Debug, Clone, Copy, Default)]
pub struct PriorityFee;

impl Ordering for PriorityFee {
    fn weight_full(&self, fees: &Fees) -> u128 {
        fees.tip
    }

    fn weight_cut(&self, fees: &Fees) -> u128 {
        // Each pays its cap less the same base fee.
        fees.cap
    }

    fn weight_now(&self, fees: &Fees, base_fee: u64) -> u128 {
        fees.effective_tip(base_fee)
    }
}

/// Who came first goes first.
#[derive(Debug, Clone, Copy, Default)]
pub struct FirstCome;

impl Ordering for FirstCome {
    fn weight_full(&self, _: &Fees) -> u128 {
        0
    }

    fn weight_cut(&self, _: &Fees) -> u128 {
        0
    }

    fn weight_now(&self, _: &Fees, _: u64) -> u128 {
        0
    }
}
