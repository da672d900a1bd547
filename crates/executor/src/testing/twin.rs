//! A block that is executed serially under the eyes of a test, and then by every engine: all must make the same of it.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use state::MemoryState;

use super::World;
use crate::{
    ExecuteError, ExecutedBlock, RecoveredTransaction, SerialExecutor, TransactionOutcome,
    evm::Environment,
    parallel::tests::{Case, engines},
};

/// Serial execution that remembers what it was given.
#[derive(Debug)]
pub(crate) struct Twin<'a> {
    serial: SerialExecutor<&'a MemoryState>,
    world: &'a World,
    txs: Vec<RecoveredTransaction>,
}

impl<'a> Twin<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        let serial = SerialExecutor::new(world.context(), &world.state).unwrap();
        Self { serial, world, txs: Vec::new() }
    }

    pub(crate) fn execute(
        &mut self,
        tx: &RecoveredTransaction,
    ) -> Result<TransactionOutcome, ExecuteError<state::MemoryStateError>> {
        self.txs.push(tx.clone());
        self.serial.execute(tx)
    }

    /// How many transactions are run again if all are run ahead in this order, by their turns from 1.
    pub(crate) fn again(&self, order: &[u32]) -> u64 {
        let (_, engine) = &engines()[0];
        self.case().in_order(engine, order).1.again
    }

    fn case(&self) -> Case {
        let context = self.world.context();
        Case {
            context,
            rules: Environment::of(&context),
            state: Arc::new(self.world.state.clone()),
            pieces: vec![self.txs.clone()],
        }
    }

    /// Closes the block, and compares.
    pub(crate) fn finish(self) -> ExecutedBlock {
        let mut case = self.case();
        case.check_orders(&engines()[0].1);
        let done = case.check(engines(), "all at once");
        case.check_listed(&done, "by its list");
        case.pieces = self.txs.chunks(2).map(<[_]>::to_vec).collect();
        case.check(engines(), "in pairs");
        self.serial.finish()
    }
}

impl<'a> Deref for Twin<'a> {
    type Target = SerialExecutor<&'a MemoryState>;

    fn deref(&self) -> &Self::Target {
        &self.serial
    }
}

impl DerefMut for Twin<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.serial
    }
}
