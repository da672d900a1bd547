//! One transaction on one view of the state: the piece that every engine shares.
//!
//! An [`Evm`] reads through its own [`StateReader`], never writes to it, and gives the changes back; serial execution
//! applies them before the next transaction, another engine may do so later or not at all.
//!
//! Invariant: the revm journal is empty before and after every transaction, whatever came of it. A rejected
//! transaction leaves no changed balance, no raised nonce and no warm account behind.

mod handler;
mod hashes;
mod precompiles;
mod validation;

#[cfg(test)]
mod tests;

use alloy_primitives::{Address, Bytes, U256};
use protocol::L1FeeParams;
use revm::{
    Context, Database, Inspector,
    bytecode::opcode::KECCAK256,
    context::{BlockEnv, CfgEnv, Evm as RevmEvm, Journal, JournalTr, TxEnv},
    context_interface::{
        ContextSetters, ContextTr, Transaction,
        result::{ExecutionResult, ResultAndState},
    },
    handler::{EthFrame, Handler, instructions::EthInstructions},
    inspector::InspectorHandler,
    interpreter::{
        Instruction, instruction_table, instructions::gas_table_spec, interpreter::EthInterpreter,
    },
    primitives::{TxKind, hardfork::SpecId},
    state::EvmState,
};
use state::{StateDiff, StateReader};

use crate::{
    BlockContext, BlockRules, ExecuteError, Fees, HaltReason, RecoveredTransaction, StateDatabase,
    changes::state_diff,
    fees::{FeeRouting, split_gas_fee},
};
pub(crate) use handler::{Checks, Payment, Rewards, Terms, TransactionHandler};
pub use hashes::Hashes;
pub use precompiles::ChainPrecompiles;
pub(crate) use precompiles::MovedPrecompiles;
#[cfg(feature = "std")]
pub use precompiles::result_on_l1;

/// What an inspector gets to see.
pub type EvmContext<R> = ContextOf<R, StockJournal<R>>;

/// The same with any journal.
type ContextOf<R, J> = Context<BlockEnv, TxEnv, CfgEnv, StateDatabase<R>, J, Hashes>;

/// revm's own journal, which is made anew for each transaction.
pub(crate) type StockJournal<R> = Journal<StateDatabase<R>>;

type Inner<R, I, J> = RevmEvm<
    ContextOf<R, J>,
    I,
    EthInstructions<EthInterpreter, ContextOf<R, J>>,
    ChainPrecompiles,
    EthFrame<EthInterpreter>,
>;

/// Rules and block values that hold for every transaction that one [`Evm`] runs.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub spec: SpecId,
    /// Whether secp256r1 verification is there before the fork that brings it.
    pub p256verify: bool,
    pub chain_id: u64,
    pub block: BlockEnv,
    pub routing: FeeRouting,
    /// `None`: neither L1 data fee nor operator fee.
    pub l1_fees: Option<L1FeeParams>,
}

impl Environment {
    pub(crate) fn of(context: &BlockContext) -> Self {
        let is_rollup = context.rules == BlockRules::Rollup;
        Self {
            spec: context.rules.spec(),
            p256verify: is_rollup,
            chain_id: context.chain_id,
            block: context.block_env(),
            routing: if is_rollup { FeeRouting::VAULTS } else { FeeRouting::ETHEREUM },
            l1_fees: is_rollup.then_some(context.l1_fees),
        }
    }
}

/// Runs transactions of one block against a view of the state.
pub struct Evm<R: StateReader, I = (), J: JournalTr<Database = StateDatabase<R>> = StockJournal<R>>
{
    inner: Inner<R, I, J>,
    routing: FeeRouting,
    l1_fees: Option<L1FeeParams>,
}

/// What one transaction did, without having been applied anywhere.
#[derive(Clone, Debug)]
pub struct Executed<C = EvmState> {
    /// Status, gas, logs and output.
    pub result: ExecutionResult<HaltReason>,
    /// Everything it loaded and changed; nothing where the journal keeps that.
    pub changes: C,
    /// What it paid.
    pub fees: Fees,
    /// Price per gas, in wei; zero for a deposit.
    pub effective_gas_price: u128,
    /// Nonce of the sender before; only for a deposit, whose receipt shows it.
    pub deposit_nonce: Option<u64>,
}

impl Executed<()> {
    fn with(self, changes: EvmState) -> Executed {
        let Self { result, changes: (), fees, effective_gas_price, deposit_nonce } = self;
        Executed { result, changes, fees, effective_gas_price, deposit_nonce }
    }
}

impl Executed {
    /// The changes as a state diff.
    pub fn diff(&self) -> StateDiff {
        state_diff(&self.changes)
    }

    /// The part of it that tracers know.
    pub fn into_result(self) -> ResultAndState<HaltReason> {
        ResultAndState { result: self.result, state: self.changes }
    }
}

impl<R: StateReader> Evm<R> {
    /// For the transactions of the block `context`, reading `state`.
    pub fn new(context: &BlockContext, state: R) -> Self {
        Self::with_environment(Environment::of(context), state, ())
    }

    /// Runs one transaction. A user transaction may ask for at most `gas_left` gas; a deposit always runs.
    pub fn run(
        &mut self,
        tx: &RecoveredTransaction,
        gas_left: u64,
    ) -> Result<Executed, ExecuteError<R::Error>> {
        self.run_with(tx, gas_left, Rewards::Paid)
    }

    /// The same, with a choice of when the fees reach their receivers.
    pub(crate) fn run_with(
        &mut self,
        tx: &RecoveredTransaction,
        gas_left: u64,
        rewards: Rewards,
    ) -> Result<Executed, ExecuteError<R::Error>> {
        let deposit_nonce = self.deposit_nonce(tx)?;
        let executed = self.run_in_journal(tx, gas_left, rewards, deposit_nonce);
        self.settle(executed)
    }

    /// Runs an already translated transaction on given terms.
    #[cfg(test)]
    pub(crate) fn execute(
        &mut self,
        env: TxEnv,
        terms: &Terms,
    ) -> Result<Executed, ExecuteError<R::Error>> {
        self.inner.ctx.set_tx(env);
        let result = TransactionHandler::new(terms).run(&mut self.inner);
        let executed = self.sum_up(result, terms, None);
        self.settle(executed)
    }
}

impl<R: StateReader, J: JournalTr<Database = StateDatabase<R>>> Evm<R, (), J> {
    /// Runs one transaction, and leaves what it did in the journal. `deposit_nonce`: where it is a deposit.
    #[inline]
    pub(crate) fn run_in_journal(
        &mut self,
        tx: &RecoveredTransaction,
        gas_left: u64,
        rewards: Rewards,
        deposit_nonce: Option<u64>,
    ) -> Result<Executed<()>, ExecuteError<R::Error>> {
        self.inner.ctx.set_tx(tx.tx_env().map_err(ExecuteError::Invalid)?);
        let terms = self.terms(tx, gas_left, rewards);
        let result = TransactionHandler::new(&terms).run(&mut self.inner);
        self.sum_up(result, &terms, deposit_nonce)
    }
}

impl<R: StateReader, I> Evm<R, I> {
    /// Calls a system contract (EIP-4788, EIP-2935). Costs nobody gas and moves no fee; no inspector sees it.
    pub(crate) fn system_call(
        &mut self,
        caller: Address,
        contract: Address,
        input: Bytes,
        gas_limit: u64,
    ) -> Result<(ExecutionResult<HaltReason>, EvmState), ExecuteError<R::Error>> {
        self.inner.ctx.set_tx(TxEnv {
            caller,
            kind: TxKind::Call(contract),
            data: input,
            gas_limit,
            ..TxEnv::default()
        });
        let terms = Terms::free();
        let result = TransactionHandler::new(&terms).run_system_call(&mut self.inner);
        let changes = self.inner.ctx.journal_mut().finalize();
        self.inner.ctx.error = Ok(());
        Ok((result?, changes))
    }
}

impl<R: StateReader, I: Inspector<EvmContext<R>, EthInterpreter>> Evm<R, I> {
    /// As [`Evm::new`], with an inspector that sees every step.
    pub fn with_inspector(context: &BlockContext, state: R, inspector: I) -> Self {
        Self::with_environment(Environment::of(context), state, inspector)
    }

    /// As [`Evm::run`], under the eyes of the inspector. The result is the same.
    pub fn inspect(
        &mut self,
        tx: &RecoveredTransaction,
        gas_left: u64,
    ) -> Result<Executed, ExecuteError<R::Error>> {
        self.inspect_with(tx, gas_left, Rewards::Paid)
    }

    /// The same, with a choice of when the fees reach their receivers.
    pub(crate) fn inspect_with(
        &mut self,
        tx: &RecoveredTransaction,
        gas_left: u64,
        rewards: Rewards,
    ) -> Result<Executed, ExecuteError<R::Error>> {
        let deposit_nonce = self.deposit_nonce(tx)?;
        self.inner.ctx.set_tx(tx.tx_env().map_err(ExecuteError::Invalid)?);
        let terms = self.terms(tx, gas_left, rewards);
        let result = TransactionHandler::new(&terms).inspect_run(&mut self.inner);
        let executed = self.sum_up(result, &terms, deposit_nonce);
        self.settle(executed)
    }

    /// Runs an already translated transaction on given terms, under the eyes of the inspector.
    pub(crate) fn inspect_execute(
        &mut self,
        env: TxEnv,
        terms: &Terms,
    ) -> Result<Executed, ExecuteError<R::Error>> {
        self.inner.ctx.set_tx(env);
        let result = TransactionHandler::new(terms).inspect_run(&mut self.inner);
        let executed = self.sum_up(result, terms, None);
        self.settle(executed)
    }
}

impl<R: StateReader, I, J: JournalTr<Database = StateDatabase<R>>> Evm<R, I, J> {
    pub(crate) fn with_environment(environment: Environment, state: R, inspector: I) -> Self {
        let Environment { spec, p256verify, chain_id, block, routing, l1_fees } = environment;
        let mut cfg = CfgEnv::new_with_spec(spec).with_chain_id(chain_id);
        // From Osaka on transactions may not ask for more than 2^24 gas. That is for whoever takes them to check: without
        // this, a simulated call that asks for more would get less.
        cfg.tx_gas_limit_cap = Some(u64::MAX);
        let mut context: ContextOf<R, J> = Context {
            block,
            tx: TxEnv::default(),
            cfg,
            journaled_state: J::new(StateDatabase::new(state)),
            chain: Hashes::default(),
            local: Default::default(),
            error: Ok(()),
        };
        context.journaled_state.set_spec_id(spec);
        let mut table = instruction_table();
        table[usize::from(KECCAK256)] = Instruction::new(hashes::keccak256_instruction);
        let instructions = EthInstructions::new(table, gas_table_spec(spec), spec);
        let precompiles = ChainPrecompiles::new(spec, p256verify);
        let inner = Inner::new_with_inspector(context, inspector, instructions, precompiles);
        Self { inner, routing, l1_fees }
    }

    /// The view of the state that transactions read.
    pub fn state(&self) -> &R {
        &self.inner.ctx.journaled_state.db().reader
    }

    /// The same, for whoever applies changes between transactions.
    pub fn state_mut(&mut self) -> &mut R {
        &mut self.inner.ctx.journaled_state.db_mut().reader
    }

    /// Where changes are noted.
    #[cfg(feature = "std")]
    pub(crate) const fn journal_mut(&mut self) -> &mut J {
        &mut self.inner.ctx.journaled_state
    }

    /// Who receives the fees.
    pub(crate) const fn routing(&self) -> FeeRouting {
        self.routing
    }

    /// The inspector.
    pub(crate) const fn inspector_mut(&mut self) -> &mut I {
        &mut self.inner.inspector
    }

    /// The precompiled contracts.
    pub(crate) const fn precompiles_mut(&mut self) -> &mut ChainPrecompiles {
        &mut self.inner.precompiles
    }

    fn terms(&self, tx: &RecoveredTransaction, gas_left: u64, rewards: Rewards) -> Terms {
        let payment = match tx.as_deposit() {
            Some(deposit) => Payment::Deposit { mint: deposit.mint },
            None => Payment::User {
                l1_fee: self.l1_fees.map_or(U256::ZERO, |fees| fees.l1_fee(tx.data_size)),
                operator_fees: self.l1_fees,
            },
        };
        Terms { payment, routing: self.routing, gas_left, checks: Checks::All, rewards }
    }

    /// Puts the outcome together.
    fn sum_up(
        &mut self,
        result: Result<ExecutionResult<HaltReason>, handler::Error<R>>,
        terms: &Terms,
        deposit_nonce: Option<u64>,
    ) -> Result<Executed<()>, ExecuteError<R::Error>> {
        let context = &mut self.inner.ctx;
        context.error = Ok(());
        let result = result?;
        let base_fee = context.block.basefee;
        let gas_used = result.tx_gas_used();
        let (effective_gas_price, fees) = match &terms.payment {
            Payment::Deposit { .. } => (0, Fees::default()),
            Payment::User { l1_fee, .. } => {
                let price = context.tx.effective_gas_price(u128::from(base_fee));
                let (base, tip) = split_gas_fee(price, base_fee, gas_used);
                let operator = terms.operator_fee(gas_used);
                (price, Fees { base, tip, l1: *l1_fee, operator })
            }
        };
        Ok(Executed { result, changes: (), fees, effective_gas_price, deposit_nonce })
    }
}

impl<R: StateReader, I> Evm<R, I> {
    /// The view, once nothing is to be run any more, and the inspector.
    pub fn into_parts(self) -> (R, I) {
        (self.inner.ctx.journaled_state.database.reader, self.inner.inspector)
    }

    fn deposit_nonce(
        &mut self,
        tx: &RecoveredTransaction,
    ) -> Result<Option<u64>, ExecuteError<R::Error>> {
        if tx.as_deposit().is_none() {
            return Ok(None);
        }
        let sender = self.inner.ctx.journaled_state.database.basic(tx.sender);
        let sender = sender.map_err(|error| ExecuteError::State(error.0))?;
        Ok(Some(sender.map_or(0, |sender| sender.nonce)))
    }

    /// Empties the journal, on success and on failure alike.
    fn settle(
        &mut self,
        executed: Result<Executed<()>, ExecuteError<R::Error>>,
    ) -> Result<Executed, ExecuteError<R::Error>> {
        let changes = self.inner.ctx.journaled_state.finalize();
        executed.map(|executed| executed.with(changes))
    }
}

impl<R: StateReader + core::fmt::Debug, I, J: JournalTr<Database = StateDatabase<R>>>
    core::fmt::Debug for Evm<R, I, J>
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Evm")
            .field("state", self.state())
            .field("block", &self.inner.ctx.block)
            .finish_non_exhaustive()
    }
}
