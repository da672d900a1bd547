//! Plain transfers that follow one another, in turn and without an EVM.
//!
//! They are taken a handful at a time and in stages: first every place is looked for, then everything unknown is read,
//! then the transfers are made. A stage does the same for all, so that one wait for memory covers several.

use alloy_consensus::Transaction as _;
use state::StateReader;

use super::{
    PreparedTransaction,
    fees::PendingFees,
    memory::{Memory, Place},
    native::Transfer,
    run::Verdict,
    scout::Ends,
};
use crate::evm::Environment;

/// How many go through the stages together: enough to overlap their waits, few enough to stay in the nearest cache.
pub(super) const TOGETHER: usize = 32;

/// Makes plain transfers on what stands.
#[derive(Debug)]
pub(super) struct Transfers<'a, R> {
    pub memory: &'a mut Memory<R>,
    pub rules: &'a Environment,
    pub fees: &'a mut PendingFees,
    pub gas_used: &'a mut u64,
    pub gas_limit: u64,
    /// How many go through the stages together: fewer where most turn out to be something else.
    pub together: &'a mut usize,
}

/// A transfer whose ends are found.
#[derive(Debug)]
struct Staged<'a> {
    transfer: Transfer<'a>,
    from: Place,
    to: Place,
}

impl<R: StateReader> Transfers<'_, R> {
    /// Makes transfers from the front of `txs` on, at most a handful, and up to the first transaction that is none or
    /// cannot be made; that one and what follows is left.
    pub(super) fn run<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), R::Error> {
        let mut staged = [const { None }; TOGETHER];
        let vaults = self.fees.vaults();
        for (stage, tx) in staged.iter_mut().zip(txs).take(*self.together) {
            let Some(transfer) = Transfer::of(&tx.as_ref().tx) else { break };
            if vaults.contains(&transfer.from) || vaults.contains(&transfer.to) {
                break;
            }
            let (from, to) = (transfer.from, transfer.to);
            let (from, to) = (self.memory.place_alone(&from), self.memory.place_alone(&to));
            *stage = Some(Staged { transfer, from, to });
        }
        for Staged { transfer, from, to } in staged.iter().flatten() {
            self.memory.read_alone(&transfer.from, *from)?;
            self.memory.read_alone(&transfer.to, *to)?;
        }
        for Staged { transfer, from, to } in staged.iter().flatten() {
            if !self.make(transfer, *from, *to, verdicts) {
                *self.together = 1;
                return Ok(());
            }
        }
        *self.together = std::cmp::min(*self.together * 2, TOGETHER);
        Ok(())
    }

    /// Makes transfers from the front of `txs` on whose ends are found and were looked at, up to the first transaction that
    /// is none or cannot be made, and says how many.
    pub(super) fn make_all<T: AsRef<PreparedTransaction>>(
        &mut self,
        txs: &[T],
        ends: &[Ends],
        verdicts: &mut Vec<Verdict>,
    ) -> usize {
        let before = verdicts.len();
        for (txs, ends) in txs.chunks(TOGETHER).zip(ends.chunks(TOGETHER)) {
            // What is looked at here is near when the transfers are made.
            let mut places = ends.iter().flatten().flatten();
            if !places.all(|place| self.memory.is_known_alone(*place)) {
                break;
            }
            for (tx, ends) in txs.iter().zip(ends) {
                let Some([from, to]) = *ends else { return verdicts.len() - before };
                let is_made = Transfer::of(&tx.as_ref().tx)
                    .is_some_and(|transfer| self.make(&transfer, from, to, verdicts));
                if !is_made {
                    return verdicts.len() - before;
                }
            }
        }
        verdicts.len() - before
    }

    /// Makes one transfer. `false`: it is for the EVM to decide.
    #[inline]
    fn make(
        &mut self,
        transfer: &Transfer<'_>,
        from: Place,
        to: Place,
        verdicts: &mut Vec<Verdict>,
    ) -> bool {
        if transfer.tx.tx.gas_limit() > self.gas_limit.saturating_sub(*self.gas_used) {
            return false;
        }
        let sender = self.memory.standing_alone(from);
        let recipient = self.memory.standing_alone(to);
        let Some(done) = transfer.run(self.rules, sender, recipient) else { return false };
        self.memory.write_alone(&transfer.from, from, done.sender_change());
        if let Some(change) = done.recipient {
            self.memory.write_alone(&transfer.to, to, change);
        }
        self.fees.add(&done.fees);
        let mut outcome = transfer.outcome(&done);
        *self.gas_used = self.gas_used.saturating_add(outcome.gas_used);
        outcome.receipt.as_receipt_mut().cumulative_gas_used = *self.gas_used;
        verdicts.push(Ok(outcome));
        true
    }
}
