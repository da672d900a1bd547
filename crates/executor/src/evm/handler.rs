//! revm's handler with the rules of this chain: deposits, and fees that go to vaults.
//!
//! A user transaction pays gas, L1 data fee and operator fee before it runs, and gets back what it did not use.
//! A deposit pays nothing and is never rejected: `mint` is credited first, and if it cannot start or fails, the mint and
//! the raised nonce of its sender are all that remains.

use alloy_primitives::U256;
use core::marker::PhantomData;
use protocol::L1FeeParams;
use revm::{
    Inspector,
    context::{JournalTr, journaled_state::account::JournaledAccountTr},
    context_interface::{
        Block, ContextTr, LocalContextTr, Transaction,
        cfg::gas::InitialAndFloorGas,
        result::{EVMError, ExecutionResult, ResultGas},
    },
    handler::{EvmTr, FrameResult, Handler},
    inspector::InspectorHandler,
    interpreter::interpreter::EthInterpreter,
};
use state::StateReader;

use super::{EvmContext, Inner, StockJournal, validation};
use crate::{
    HaltReason, InvalidTransaction, StateDatabase,
    database::ReadError,
    fees::{Charge, FeeRouting, gas_cost, split_gas_fee},
};

pub(super) type Error<R> = EVMError<ReadError<<R as StateReader>::Error>, InvalidTransaction>;

/// Who pays, and how much.
#[derive(Clone, Debug)]
pub(crate) enum Payment {
    /// The sender pays for gas, and these on top.
    User {
        l1_fee: U256,
        /// `None`: no operator fee.
        operator_fees: Option<L1FeeParams>,
    },
    /// L1 has paid; `mint` is new on L2.
    Deposit { mint: u128 },
}

/// On what terms a transaction runs.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub payment: Payment,
    pub routing: FeeRouting,
    /// Gas that the block has left for user transactions.
    pub gas_left: u64,
    /// What is asked of the sender and the fees.
    pub checks: Checks,
    /// When the receivers of the fees get them.
    pub rewards: Rewards,
}

/// What a transaction is checked for besides funds, gas and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    /// Everything.
    All,
    /// Not whether the sender has code: nobody signed it, but it is to be judged as if somebody had.
    NotCode,
    /// Neither nonce nor code of the sender, and it may be free: nobody signed it.
    Funds,
}

/// When the receivers of a transaction's fees get them. The sender always pays at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rewards {
    /// As the last step of the transaction.
    Paid,
    /// Later, by whoever runs the transaction: its fees are in [`crate::Executed::fees`]. The same result, provided
    /// that the transaction itself does not look at a receiver.
    Aside,
}

impl Terms {
    /// No fee besides gas, and no limit.
    pub(crate) const fn free() -> Self {
        Self {
            payment: Payment::User { l1_fee: U256::ZERO, operator_fees: None },
            routing: FeeRouting::VAULTS,
            gas_left: u64::MAX,
            checks: Checks::Funds,
            rewards: Rewards::Paid,
        }
    }

    /// Operator fee for an amount of gas.
    pub(super) fn operator_fee(&self, gas: u64) -> U256 {
        match &self.payment {
            Payment::User { operator_fees: Some(fees), .. } => fees.operator_fee(gas),
            _ => U256::ZERO,
        }
    }
}

/// Takes one transaction through revm.
pub(crate) struct TransactionHandler<'a, R, I, J> {
    terms: &'a Terms,
    evm: PhantomData<fn(R, I, J)>,
}

impl<'a, R: StateReader, I, J: JournalTr<Database = StateDatabase<R>>>
    TransactionHandler<'a, R, I, J>
{
    pub(crate) const fn new(terms: &'a Terms) -> Self {
        Self { terms, evm: PhantomData }
    }

    /// Checks a user transaction and takes its fees. Nothing is changed before the last check has passed.
    fn begin_user(&self, evm: &mut Inner<R, I, J>, l1_fee: U256) -> Result<(), Error<R>> {
        let (block, tx, _, journal, _, _) = evm.ctx.all_mut();
        let mut sender = journal.load_account_with_code_mut(tx.caller())?.data;
        validation::check_sender(tx, &sender.account().info, self.terms.checks)
            .map_err(EVMError::Transaction)?;
        let charge = Charge::new(tx, block, l1_fee, self.terms.operator_fee(tx.gas_limit()));
        let left = charge.take_from(*sender.balance()).map_err(EVMError::Transaction)?;
        sender.set_balance(left);
        if tx.kind().is_call() {
            sender.bump_nonce();
        }
        Ok(())
    }

    /// Mints, and checks that a deposit can pay for its value. Its nonce is never checked.
    fn begin_deposit(&self, evm: &mut Inner<R, I, J>, mint: u128) -> Result<(), Error<R>> {
        let (_, tx, _, journal, _, _) = evm.ctx.all_mut();
        let mut sender = journal.load_account_with_code_mut(tx.caller())?.data;
        let have = sender.balance().saturating_add(U256::from(mint));
        Charge::of_value(tx.value()).take_from(have).map_err(EVMError::Transaction)?;
        sender.set_balance(have);
        if tx.kind().is_call() {
            sender.bump_nonce();
        }
        Ok(())
    }

    /// The result of a deposit that could not start: mint and nonce, a failed receipt, all its gas.
    fn fail_deposit(
        &self,
        evm: &mut Inner<R, I, J>,
        mint: u128,
        reason: InvalidTransaction,
    ) -> Result<ExecutionResult<HaltReason>, Error<R>> {
        evm.ctx.local_mut().clear();
        evm.ctx.journal_mut().discard_tx();
        evm.frame_stack().clear();
        let (_, tx, _, journal, _, _) = evm.ctx.all_mut();
        let mut sender = journal.load_account_mut(tx.caller())?.data;
        let balance = sender.balance().saturating_add(U256::from(mint));
        sender.set_balance(balance);
        sender.bump_nonce();
        drop(sender);
        let gas = ResultGas::default().with_total_gas_spent(tx.gas_limit());
        journal.commit_tx();
        let reason = HaltReason::DepositNotStarted(reason.into());
        Ok(ExecutionResult::Halt { reason, gas, logs: Default::default() })
    }
}

impl<R: StateReader, I, J: JournalTr<Database = StateDatabase<R>>> Handler
    for TransactionHandler<'_, R, I, J>
{
    type Evm = Inner<R, I, J>;
    type Error = Error<R>;
    type HaltReason = HaltReason;

    fn validate(&self, evm: &mut Self::Evm) -> Result<InitialAndFloorGas, Self::Error> {
        let (block, tx, cfg, ..) = evm.ctx.all();
        if let Payment::User { .. } = self.terms.payment {
            validation::check_user(tx, block, cfg, self.terms).map_err(EVMError::Transaction)?;
        }
        let gas = validation::check_intrinsic(tx, cfg).map_err(EVMError::Transaction)?;
        match self.terms.payment {
            Payment::User { l1_fee, .. } => self.begin_user(evm, l1_fee)?,
            Payment::Deposit { mint } => self.begin_deposit(evm, mint)?,
        }
        Ok(gas)
    }

    fn reimburse_caller(
        &self,
        evm: &mut Self::Evm,
        result: &mut FrameResult,
    ) -> Result<(), Self::Error> {
        if let Payment::Deposit { .. } = self.terms.payment {
            return Ok(());
        }
        let (block, tx, _, journal, _, _) = evm.ctx.all_mut();
        let price = tx.effective_gas_price(u128::from(block.basefee()));
        let gas_used = result.gas().used();
        let unused = gas_cost(tx.gas_limit() - gas_used, price);
        let operator_fee =
            self.terms.operator_fee(tx.gas_limit()) - self.terms.operator_fee(gas_used);
        journal.load_account_mut(tx.caller())?.incr_balance(unused + operator_fee);
        Ok(())
    }

    fn reward_beneficiary(
        &self,
        evm: &mut Self::Evm,
        result: &mut FrameResult,
    ) -> Result<(), Self::Error> {
        let Payment::User { l1_fee, .. } = self.terms.payment else { return Ok(()) };
        if self.terms.rewards == Rewards::Aside {
            return Ok(());
        }
        let (block, tx, _, journal, _, _) = evm.ctx.all_mut();
        let price = tx.effective_gas_price(u128::from(block.basefee()));
        let gas_used = result.gas().used();
        let (base, tip) = split_gas_fee(price, block.basefee(), gas_used);
        // Also a tip of zero touches the beneficiary, as on Ethereum: an empty one is removed (EIP-161), never made.
        journal.load_account_mut(block.beneficiary())?.incr_balance(tip);
        let routing = self.terms.routing;
        let vaults = [
            (routing.base, base),
            (Some(routing.l1), l1_fee),
            (Some(routing.operator), self.terms.operator_fee(gas_used)),
        ];
        for (vault, fee) in vaults {
            if let (Some(vault), false) = (vault, fee.is_zero()) {
                journal.load_account_mut(vault)?.incr_balance(fee);
            }
        }
        Ok(())
    }

    fn catch_error(
        &self,
        evm: &mut Self::Evm,
        error: Self::Error,
    ) -> Result<ExecutionResult<Self::HaltReason>, Self::Error> {
        match (&self.terms.payment, error) {
            (Payment::Deposit { mint }, EVMError::Transaction(reason)) => {
                self.fail_deposit(evm, *mint, reason)
            }
            (_, error) => {
                evm.ctx.local_mut().clear();
                evm.ctx.journal_mut().discard_tx();
                evm.frame_stack().clear();
                Err(error)
            }
        }
    }
}

impl<R: StateReader, I: Inspector<EvmContext<R>, EthInterpreter>> InspectorHandler
    for TransactionHandler<'_, R, I, StockJournal<R>>
{
    type IT = EthInterpreter;
}
