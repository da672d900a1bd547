//! A lane's way of running transactions of a group: what they change stands at once.

use state::StateReader;

use super::Part;
use crate::{
    ExecuteError, RecoveredTransaction, TransactionOutcome,
    evm::Rewards,
    parallel::{
        lane::Lane,
        memory::Claimant,
        native::Transfer,
        view::{View, Watch},
    },
};

impl<R: StateReader> Lane<R> {
    /// Runs a transaction after all before it in its group. `false`: it cannot be said here what comes of it, or not
    /// without meeting another group; some of what it changes may be written. A call that is known to be one is not
    /// tried as a transfer.
    #[inline]
    pub(super) fn run_apart(
        &mut self,
        tx: &RecoveredTransaction,
        is_call: bool,
        by: Claimant,
        part: &mut Part,
    ) -> bool {
        self.evm().state().begin(0, Watch::Apart(by));
        if !is_call
            && let Some(transfer) = Transfer::of(tx)
            && let Some(is_done) = self.transfer_apart(&transfer, by, part)
        {
            return is_done;
        }
        match self.evm().run_with(tx, u64::MAX, Rewards::Aside) {
            Ok(executed) => {
                let view = self.evm().state();
                let (memory, notes) = (view.memory(), view.notes());
                if !memory.write_claimed(&executed.changes, &notes, by, &mut part.undo) {
                    return false;
                }
                if tx.as_deposit().is_none() {
                    part.fees.add(&executed.fees);
                }
                part.verdicts.push(Ok(TransactionOutcome::new(&tx.tx, executed, 0)));
                true
            }
            Err(ExecuteError::Invalid(reason)) => {
                part.verdicts.push(Err(reason));
                true
            }
            // Who runs the transactions after this will meet the store's failure where it belongs.
            Err(ExecuteError::State(_)) => false,
        }
    }

    /// `None`: it is for the EVM to decide.
    fn transfer_apart(
        &mut self,
        transfer: &Transfer<'_>,
        by: Claimant,
        part: &mut Part,
    ) -> Option<bool> {
        let rules = self.rules().clone();
        let view: &View<R> = self.evm().state();
        let account = |address| view.account(address).ok();
        let (from, to) = (&transfer.from, &transfer.to);
        let Some(sender) = account(from) else { return Some(false) };
        let recipient = if from == to { Some(sender) } else { account(to) };
        let Some(recipient) = recipient else { return Some(false) };
        let done = transfer.run(&rules, sender, recipient)?;
        let mut write = |address, change| {
            let place = view.memory().account_place(address, &view.notes());
            view.memory().write_account_claimed(place, change, by, &mut part.undo)
        };
        let is_written = write(from, done.sender_change())
            && done.recipient.is_none_or(|change| write(to, change));
        if is_written {
            part.fees.add(&done.fees);
            part.verdicts.push(Ok(transfer.outcome(&done)));
        }
        Some(is_written)
    }
}
