//! A lane's way of running transactions of a group.

use state::StateReader;

use super::Part;
use crate::{
    RecoveredTransaction, TransactionOutcome,
    parallel::{calls::Called, lane::Lane, native::Transfer},
};

impl<R: StateReader> Lane<R> {
    /// Runs a transaction after all before it in its group. `false`: it cannot be said here what comes of it, or not
    /// without meeting another group. A call that is known to be one is not tried as a transfer.
    #[inline]
    pub(super) fn run_apart(
        &mut self,
        tx: &RecoveredTransaction,
        is_call: bool,
        part: &mut Part,
    ) -> bool {
        if !is_call && let Some(transfer) = Transfer::of(tx) {
            match self.transfer_in_place(&transfer) {
                Ok(Some(done)) => {
                    part.fees.add(&done.fees);
                    part.verdicts.push(Ok(transfer.outcome(&done)));
                    return true;
                }
                Ok(None) => {}
                Err(_) => return false,
            }
        }
        match self.call(tx, u64::MAX) {
            Ok(Called::Made(executed)) => {
                if tx.as_deposit().is_none() {
                    part.fees.add(&executed.fees);
                }
                part.verdicts.push(Ok(TransactionOutcome::new(&tx.tx, executed, 0)));
                true
            }
            Ok(Called::Invalid(reason)) => {
                part.verdicts.push(Err(reason));
                true
            }
            // Who runs the transactions after this will meet the store's failure where it belongs.
            Ok(Called::Refused) | Err(_) => false,
        }
    }
}
