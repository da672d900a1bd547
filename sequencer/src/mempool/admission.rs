//! Whether a raw transaction may wait in the mempool: cheap checks first, then the signature, then the account.
//!
//! All doors, the reload at start and the way back after an L1 reorg come through here. It runs on CPU threads,
//! because it recovers senders and may read Postgres. Not here: nonces and funds against other waiting
//! transactions, which the pool checks under its lock.

use std::{sync::Arc, time::Instant};

use alloy::{
    consensus::Transaction as _,
    primitives::{Address, B256, Bytes, U256},
};
use bytes::BytesMut;
use executor::{
    RecoveredTransaction,
    parallel::{Predictor, PreparedTransaction},
};
use protocol::{
    CARRIED_TRANSACTION_BYTES_MAX, L1FeeParams, TRANSACTION_GAS_MAX, Transaction, TransactionError,
};
use recovery::Senders;
use state::{Account, StateReader};

use super::{
    Admitted, Cost, Fees, Mempool, NotInserted, Rejection, SenderState, Submission,
    intrinsic::gas_needed,
};
use crate::{
    chain::{ChainStore, ReadError, StateView},
    metrics,
    quota::Quotas,
};

/// Longest init code, in bytes (EIP-3860).
const INIT_CODE_BYTES_MAX: usize = 49_152;

/// How often an admission starts again because its account was read too long ago.
const STALE_RETRIES_MAX: usize = 8;

/// Bytes of raw transactions in one allocation. One that waits for long keeps those of the others, so they are few.
const PACK_BYTES: usize = 2 << 10;

/// What does not change from block to block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionRules {
    /// Chain id of the L2.
    pub chain_id: u64,
    /// Lowest base fee, in wei.
    pub base_fee_min: u64,
}

/// What admission takes from the open block.
#[derive(Debug, Clone, Copy)]
pub struct AdmissionState {
    /// Gas limit of the block.
    pub gas_limit: u64,
    /// What L1 data and the operator cost.
    pub l1_fees: L1FeeParams,
    /// Version of the pending state.
    pub version: u64,
}

/// Admits transactions to the mempool.
#[derive(Debug)]
pub struct Admission {
    rules: AdmissionRules,
    store: Arc<ChainStore>,
    mempool: Arc<Mempool>,
    predictor: Arc<Predictor>,
    quotas: Arc<Quotas>,
}

impl Admission {
    /// Admission to this mempool, against the pending state of this chain.
    pub const fn new(
        rules: AdmissionRules,
        store: Arc<ChainStore>,
        mempool: Arc<Mempool>,
        predictor: Arc<Predictor>,
        quotas: Arc<Quotas>,
    ) -> Self {
        Self { rules, store, mempool, predictor, quotas }
    }

    /// Admits a chunk of transactions; one answer each, in order.
    pub fn admit(
        &self,
        sent: &[Submission<'_>],
        senders: &mut Senders,
    ) -> Vec<Result<B256, Rejection>> {
        let started = Instant::now();
        let gas_limit = self.store.admission_state().gas_limit;
        // What is too large is refused unread.
        let small = |sent: &Submission<'_>| sent.raw.len() <= CARRIED_TRANSACTION_BYTES_MAX;
        let raws: Vec<_> =
            sent.iter().map(|sent| if small(sent) { sent.raw } else { &[] }).collect();
        let hashes = senders.hash(&raws);
        let (known, floor) = self.mempool.look(hashes);
        let checked = sent.iter().zip(hashes.iter().zip(known));
        let checked = checked.map(|(sent, (hash, is_known))| {
            let tx = self.check_form(sent, gas_limit)?;
            if is_known {
                return Err(Rejection::AlreadyKnown { hash: *hash });
            }
            floor
                .as_ref()
                .map_or(Ok(()), |floor| floor.check(sent.raw.len(), Fees::of(&tx).tip))?;
            sent.client.send_gas(tx.gas_limit()).map_err(Rejection::Quota)?;
            Ok(recovery::with_hash(tx, *hash))
        });
        let checked = checked.collect();
        let recovered = recover(sent, checked, senders);
        metrics::recovered(started.elapsed());
        let results = self.enter(recovered, sent);
        self.mempool.tell_received(results.iter().flatten().copied().collect());
        for rejection in results.iter().filter_map(|result| result.as_ref().err()) {
            metrics::rejected(rejection.reason());
        }
        metrics::admitted(
            started.elapsed(),
            results.iter().filter(|result| result.is_ok()).count(),
        );
        results
    }

    /// What can be said without the sender.
    fn check_form(
        &self,
        sent: &Submission<'_>,
        gas_limit_max: u64,
    ) -> Result<Transaction, Rejection> {
        let raw = sent.raw;
        if raw.len() > CARRIED_TRANSACTION_BYTES_MAX {
            let bytes_max = CARRIED_TRANSACTION_BYTES_MAX;
            return Err(Rejection::TooLarge { bytes: raw.len(), bytes_max });
        }
        let tx = protocol::decode_user_transaction(raw)
            .map_err(|error| Rejection::Undecodable(Arc::new(error)))?;
        match protocol::check_chain_id(&tx, self.rules.chain_id) {
            Ok(()) => {}
            Err(TransactionError::ChainId { actual, expected }) => {
                return Err(Rejection::WrongChain { given: actual, expected });
            }
            Err(error) => return Err(Rejection::Undecodable(Arc::new(error))),
        }
        self.check_gas(&tx, gas_limit_max)?;
        self.check_shape(&tx)?;
        Ok(tx)
    }

    fn check_gas(&self, tx: &Transaction, block_gas_limit: u64) -> Result<(), Rejection> {
        // What asks for more than any transaction may is skipped in every block.
        let block_gas_limit = std::cmp::min(block_gas_limit, TRANSACTION_GAS_MAX);
        let gas_limit = tx.gas_limit();
        if gas_limit > block_gas_limit {
            return Err(Rejection::GasAboveBlock { gas_limit, block_gas_limit });
        }
        let intrinsic_gas = gas_needed(tx);
        if gas_limit < intrinsic_gas {
            return Err(Rejection::IntrinsicGas { gas_limit, intrinsic_gas });
        }
        let Fees { cap, tip } = Fees::of(tx);
        if tip > cap {
            return Err(Rejection::TipAboveFeeCap { tip, fee_cap: cap });
        }
        let base_fee_min = self.rules.base_fee_min;
        if cap < u128::from(base_fee_min) {
            return Err(Rejection::FeeCapTooLow { fee_cap: cap, base_fee_min });
        }
        Ok(())
    }

    fn check_shape(&self, tx: &Transaction) -> Result<(), Rejection> {
        if tx.nonce() == u64::MAX {
            return Err(Rejection::NonceMax);
        }
        let bytes = tx.input().len();
        if tx.kind().is_create() && bytes > INIT_CODE_BYTES_MAX {
            return Err(Rejection::InitCodeTooLarge { bytes, bytes_max: INIT_CODE_BYTES_MAX });
        }
        let set_code = matches!(tx, Transaction::Eip7702(_));
        let authorized = tx.authorization_list().is_some_and(|list| !list.is_empty());
        if set_code && (!authorized || tx.kind().is_create()) {
            return Err(Rejection::SetCodeShape);
        }
        Ok(())
    }

    /// Puts a chunk of recovered transactions into the pool at once.
    fn enter(
        &self,
        recovered: Vec<Result<RecoveredTransaction, Rejection>>,
        sent: &[Submission<'_>],
    ) -> Vec<Result<B256, Rejection>> {
        let mut seen = Seen::now(&self.store);
        seen.look(recovered.iter().flatten().map(|tx| tx.sender).collect());
        let mut packs = Packs::default();
        let mut ready = Vec::with_capacity(sent.len());
        let prepare = |(tx, sent): (Result<RecoveredTransaction, Rejection>, &Submission<'_>)| {
            let tx: RecoveredTransaction = tx?;
            let account = seen.accounts.next();
            let taken = self.quotas.sender(sent.client, tx.sender, tx.tx.gas_limit());
            taken.map_err(Rejection::Quota)?;
            let tx = Arc::new(self.predictor.prepare(tx));
            ready.push(self.with_account(&tx, &packs.copy(sent.raw), account, &mut seen)?);
            Ok(())
        };
        let prepared: Vec<Result<(), Rejection>> =
            recovered.into_iter().zip(sent).map(prepare).collect();
        let mut inserted = self.mempool.insert(&ready).into_iter().zip(&ready);
        let finish = |prepared: Result<(), Rejection>| {
            prepared?;
            let (inserted, (tx, _)) = inserted.next().expect("each that is ready has an answer");
            match inserted {
                Ok(hash) => Ok(hash),
                Err(NotInserted::Rejected(rejection)) => Err(rejection),
                Err(NotInserted::Stale) => self.enter_again(tx, &mut seen),
            }
        };
        prepared.into_iter().map(finish).collect()
    }

    /// The same for one whose account was read too long ago.
    fn enter_again(&self, tx: &Admitted, seen: &mut Seen) -> Result<B256, Rejection> {
        for _ in 0..STALE_RETRIES_MAX {
            *seen = Seen::now(&self.store);
            let ready = self.with_account(&tx.tx, &tx.raw, None, seen)?;
            match self.mempool.insert(&[ready]).pop() {
                Some(Ok(hash)) => return Ok(hash),
                Some(Err(NotInserted::Rejected(rejection))) => return Err(rejection),
                Some(Err(NotInserted::Stale)) | None => {}
            }
        }
        // Reading one account took longer than many sub-blocks, many times over: that is overload.
        Err(Rejection::Busy { waiting: 0 })
    }

    /// A transaction with its sender's account and what it may cost, as of the state seen. `known` is the account there, where
    /// that was looked up already.
    fn with_account(
        &self,
        tx: &Arc<PreparedTransaction>,
        raw: &Bytes,
        mut known: Option<Option<Account>>,
        seen: &mut Seen,
    ) -> Result<(Arc<Admitted>, SenderState), Rejection> {
        for _ in 0..STALE_RETRIES_MAX {
            let account = match seen.sender(&tx.tx, known.take()) {
                Err(Rejection::State(ReadError::Passed { .. })) => {
                    *seen = Seen::now(&self.store);
                    continue;
                }
                account => account?,
            };
            let cost = cost(&tx.tx, &seen.admission.l1_fees);
            let fees = Fees::of(&tx.tx.tx);
            let admitted = Admitted { tx: tx.clone(), raw: raw.clone(), fees, cost };
            return Ok((Arc::new(admitted), account));
        }
        Err(Rejection::Busy { waiting: 0 })
    }
}

/// Finds the senders of a chunk; refusals pass through.
fn recover(
    sent: &[Submission<'_>],
    checked: Vec<Result<Transaction, Rejection>>,
    senders: &mut Senders,
) -> Vec<Result<RecoveredTransaction, Rejection>> {
    let txs: Vec<_> = checked.iter().flatten().collect();
    let mut found = senders.recover(&txs).into_iter();
    let one = |(tx, sent): (Result<Transaction, Rejection>, &Submission<'_>)| {
        let tx = tx?;
        let sender = found.next().expect("every transaction that was checked has an answer");
        let sender = sender.map_err(|error| Rejection::BadSignature(Arc::new(error)))?;
        let (hash, data_size) = (tx.tx_hash(), protocol::data_size(sent.raw));
        Ok(RecoveredTransaction { tx, sender, hash, data_size })
    };
    checked.into_iter().zip(sent).map(one).collect()
}

/// Copies of raw transactions, some to an allocation. What a client sent may be a small part of a message, which would
/// stay in memory with it.
#[derive(Debug, Default)]
struct Packs {
    open: BytesMut,
}

impl Packs {
    fn copy(&mut self, raw: &[u8]) -> Bytes {
        if self.open.capacity() < raw.len() {
            self.open = BytesMut::with_capacity(std::cmp::max(PACK_BYTES, raw.len()));
        }
        self.open.extend_from_slice(raw);
        self.open.split().freeze().into()
    }
}

/// The pending state as a chunk of transactions sees it. Taken once for many of them, and again when it has become
/// too old.
#[derive(Debug)]
struct Seen {
    admission: AdmissionState,
    state: StateView,
    /// Of the senders of the transactions that come next, as far as they were looked up.
    accounts: std::vec::IntoIter<Option<Account>>,
}

impl Seen {
    /// The version is read before the state, so it is never too new.
    fn now(store: &ChainStore) -> Self {
        let (admission, state) = (store.admission_state(), store.pending_state());
        Self { admission, state, accounts: Vec::new().into_iter() }
    }

    /// Looks these accounts up together. Where that fails, each is read alone, and says what became of it.
    fn look(&mut self, senders: Vec<Address>) {
        self.accounts = self.state.accounts(&senders).unwrap_or_default().into_iter();
    }

    fn sender(
        &self,
        tx: &RecoveredTransaction,
        known: Option<Option<Account>>,
    ) -> Result<SenderState, Rejection> {
        let version = self.admission.version;
        let account = known.map_or_else(|| self.state.account(&tx.sender), Ok);
        let Some(account) = account.map_err(Rejection::State)? else {
            return Ok(SenderState { nonce: 0, balance: U256::ZERO, version });
        };
        if account.has_code() {
            let code = self.state.code(&account.code_hash).map_err(Rejection::State)?;
            if !is_delegation(&code) {
                return Err(Rejection::SenderHasCode { sender: tx.sender });
            }
        }
        Ok(SenderState { nonce: account.nonce, balance: account.balance, version })
    }
}

fn cost(tx: &RecoveredTransaction, l1_fees: &L1FeeParams) -> Cost {
    let gas_limit = tx.tx.gas_limit();
    Cost {
        gas: U256::from(gas_limit).saturating_mul(U256::from(tx.tx.max_fee_per_gas())),
        value: tx.tx.value(),
        l1_fee: l1_fees.l1_fee(tx.data_size),
        operator_fee: l1_fees.operator_fee(gas_limit),
    }
}

/// Code that only names another account's code (EIP-7702).
fn is_delegation(code: &Bytes) -> bool {
    code.len() == 23 && code.starts_with(&[0xef, 0x01, 0x00])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn copies_are_equal_and_share_no_more_than_a_pack(lengths in proptest::collection::vec(0_usize..3_000, 0..50)) {
            let mut packs = Packs::default();
            for (length, byte) in lengths.into_iter().zip(0_u8..) {
                let copy = packs.copy(&vec![byte; length]);
                prop_assert_eq!(&copy[..], &vec![byte; length][..]);
                prop_assert!(packs.open.capacity() <= PACK_BYTES);
            }
        }
    }
}
