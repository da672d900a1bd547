//! Serial execution: the definition of a block's result. Stays small.
//!
//! - System calls first, then transactions one after the other, each on the state the last one left.
//! - A deposit is always included, also where deposits ask for more gas than the block has: L1 has bounded them, and
//!   nothing on L2 may keep a forced transaction out. User transactions share what the deposits leave, if anything.
//! - A user transaction that cannot be included is skipped and leaves no trace; the block goes on.

use alloy_consensus::Header;
use protocol::{BlockInputs, BlockOpening, TxDeposit};
use revm::{Inspector, interpreter::interpreter::EthInterpreter};
use state::{Mark, Overlay, StateDiff, StateReader};

use crate::{
    BlockAccessList, BlockContext, ChainSpec, Evm, EvmContext, ExecuteError, Executed,
    ExecutedBlock, RecoveredTransaction, TransactionOutcome, access_list::AccessRecorder,
    changes::state_diff, system,
};

/// Executes a whole block from its inputs. For a given parent and state the result depends on nothing else.
///
/// ```
/// use executor::{BlockContext, ChainSpec, execute_block, seal};
/// use protocol::{BlockInputs, BlockOpening, Eip1559Params, Header};
/// use state::MemoryState;
///
/// let fees = Eip1559Params { elasticity: 2, denominator: 250, base_fee_min: 1 };
/// let spec = ChainSpec { chain_id: 901, fees };
/// let (parent, mut before) = (Header::default(), MemoryState::new());
/// let opening = BlockOpening { number: 1, parent_hash: parent.hash_slow(), ..Default::default() };
/// let inputs = BlockInputs { opening, ..Default::default() };
///
/// let block = execute_block(&spec, &parent, &inputs, &before).unwrap();
/// assert_eq!(block.transactions.len(), 1, "the L1 attributes transaction");
///
/// before.apply(&block.diff);
/// let context = BlockContext::new(&spec, &parent, &inputs.opening);
/// let sealed = seal(&context, &block, before.trie().root(), state::EMPTY_ROOT);
/// assert_eq!(sealed.header.number, 1);
/// ```
pub fn execute_block<R: StateReader>(
    spec: &ChainSpec,
    parent: &Header,
    inputs: &BlockInputs,
    state: R,
) -> Result<ExecutedBlock, ExecuteError<R::Error>> {
    let context = BlockContext::new(spec, parent, &inputs.opening);
    let mut executor = SerialExecutor::new(context, state)?;
    for deposit in forced_transactions(&inputs.opening, &inputs.deposits) {
        executor.execute(&deposit)?;
    }
    for raw in &inputs.transactions {
        let Ok(tx) = RecoveredTransaction::decode(raw) else { continue };
        match executor.execute(&tx) {
            Ok(_) | Err(ExecuteError::Invalid(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(executor.finish())
}

/// What stands before the user transactions: the L1 attributes transaction, then the epoch's deposits.
pub fn forced_transactions(
    opening: &BlockOpening,
    deposits: &[TxDeposit],
) -> impl Iterator<Item = RecoveredTransaction> {
    core::iter::once(opening.attributes())
        .chain(deposits.iter().cloned())
        .map(RecoveredTransaction::deposit)
}

/// Executes the transactions of one open block as they come.
///
/// Not `Send`, because revm shares its memory buffer through an `Rc`: a block is executed on the thread that opened it.
#[derive(Debug)]
pub struct SerialExecutor<R: StateReader> {
    context: BlockContext,
    evm: Evm<Overlay<R>>,
    executed: ExecutedBlock,
    /// Where the changes begin that [`Self::take_diff`] has not given out.
    taken: Mark,
    /// Writes the access list, where one is asked for.
    accesses: Option<AccessRecorder>,
}

impl<R: StateReader> SerialExecutor<R> {
    /// Opens the block on top of `state`, the state after its parent, and makes the system calls.
    pub fn new(context: BlockContext, state: R) -> Result<Self, ExecuteError<R::Error>> {
        Self::open(context, state, None)
    }

    /// The same, and writes the block's access list along the way.
    pub fn recording(context: BlockContext, state: R) -> Result<Self, ExecuteError<R::Error>> {
        Self::open(context, state, Some(AccessRecorder::default()))
    }

    fn open(
        context: BlockContext,
        state: R,
        mut accesses: Option<AccessRecorder>,
    ) -> Result<Self, ExecuteError<R::Error>> {
        let mut evm = Evm::new(&context, Overlay::new(state));
        let taken = evm.state_mut().mark();
        system::open_block(&context, &mut evm, |state, changes| {
            if let Some(accesses) = &mut accesses {
                accesses.record(0, changes);
            }
            state.apply(&state_diff(changes));
        })?;
        Ok(Self { context, evm, executed: ExecutedBlock::default(), taken, accesses })
    }

    /// Goes on with a block of which a part was executed elsewhere and used this much gas. `state` is what that part left,
    /// system calls included; its transactions and changes are not in what this executor gives.
    pub fn continuing(context: BlockContext, state: R, gas_used: u64) -> Self {
        let mut evm = Evm::new(&context, Overlay::new(state));
        let taken = evm.state_mut().mark();
        let executed = ExecutedBlock { gas_used, ..Default::default() };
        Self { context, evm, executed, taken, accesses: None }
    }

    /// Without system calls, and with other rules than those of our blocks.
    #[cfg(test)]
    pub(crate) fn with_environment(
        context: BlockContext,
        environment: crate::evm::Environment,
        state: R,
    ) -> Self {
        let mut evm = Evm::with_environment(environment, Overlay::new(state), ());
        let taken = evm.state_mut().mark();
        let accesses = Some(AccessRecorder::default());
        Self { context, evm, executed: ExecutedBlock::default(), taken, accesses }
    }

    /// Executes and includes one transaction. On an error nothing has changed.
    pub fn execute(
        &mut self,
        tx: &RecoveredTransaction,
    ) -> Result<TransactionOutcome, ExecuteError<R::Error>> {
        let executed = self.evm.run(tx, self.gas_left())?;
        Ok(self.keep(tx, executed))
    }

    /// Includes what [`Self::inspect`] has executed, on the same state.
    pub fn keep(&mut self, tx: &RecoveredTransaction, executed: Executed) -> TransactionOutcome {
        if let Some(accesses) = &mut self.accesses {
            accesses.record(self.executed.outcomes.len() as u64 + 1, &executed.changes);
        }
        self.evm.state_mut().apply(&executed.diff());
        let outcome = TransactionOutcome::new(&tx.tx, executed, self.executed.gas_used);
        self.executed.gas_used = outcome.receipt.as_receipt().cumulative_gas_used;
        self.executed.transactions.push(tx.tx.clone());
        self.executed.outcomes.push(outcome.clone());
        outcome
    }

    /// Runs a transaction as [`Self::execute`] would, under the eyes of an inspector, and keeps nothing of it
    /// before [`Self::keep`] is called.
    pub fn inspect<'a, I>(
        &'a self,
        tx: &RecoveredTransaction,
        inspector: I,
    ) -> Result<(Executed, I), ExecuteError<R::Error>>
    where
        I: Inspector<EvmContext<&'a Overlay<R>>, EthInterpreter>,
    {
        let mut evm = Evm::with_inspector(&self.context, self.pending(), inspector);
        let executed = evm.inspect(tx, self.gas_left())?;
        Ok((executed, evm.into_parts().1))
    }

    /// Gas that user transactions can still ask for.
    pub const fn gas_left(&self) -> u64 {
        self.context.gas_limit.saturating_sub(self.executed.gas_used)
    }

    /// The block being executed.
    pub const fn context(&self) -> &BlockContext {
        &self.context
    }

    /// The state as executed so far.
    pub fn pending(&self) -> &Overlay<R> {
        self.evm.state()
    }

    /// The transactions included so far, with their outcomes. Its diff is empty until the block is finished.
    pub const fn executed(&self) -> &ExecutedBlock {
        &self.executed
    }

    /// What changed since the last call: the diff of one sub-block. The first one holds the system calls.
    pub fn take_diff(&mut self) -> StateDiff {
        let diff = self.evm.state().diff_since(self.taken);
        self.taken = self.evm.state_mut().mark();
        diff
    }

    /// The access list so far; empty unless it was asked for when the block was opened. It is written anew from here on.
    pub fn take_access_list(&mut self) -> BlockAccessList {
        self.accesses.as_mut().map(core::mem::take).unwrap_or_default().into_list()
    }

    /// Closes the block.
    pub fn finish(self) -> ExecutedBlock {
        let (state, ()) = self.evm.into_parts();
        ExecutedBlock { diff: state.into_diff(), ..self.executed }
    }
}

#[cfg(test)]
mod tests;
