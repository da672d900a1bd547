//! Transactions that wait for their place: one nonce queue per sender, one order over all senders.
//!
//! A plain value that one lock guards; it does no I/O and reads no clock. What it knows of accounts comes
//! with each admission and with the diff of each sub-block. Not here: whether a transaction is well formed
//! and paid for by itself (`admission.rs`).
//!
//! Invariants: at most one transaction per sender and nonce; the counts and bytes never exceed the limits;
//! a transaction that cannot be executed now (gap, fee cap, gas left) is not looked at again until what
//! keeps it back has changed.

#[cfg(test)]
mod invariants;
mod links;
mod lookup;
mod room;
mod senders;
mod slots;

use std::{collections::VecDeque, sync::Arc};

use alloy::primitives::{Address, B256, U256};
use state::StateDiff;

use super::{
    Admitted, MempoolLimits, Ordering, Rejection, SenderState, price::Prices, ready::Ready,
};
pub(super) use senders::{SenderId, Senders};
pub(super) use slots::{Slot, SlotId, Slots};

/// Sub-block diffs that are kept to bring late admissions up to date.
const RECENT_DIFFS_MAX: usize = 256;

/// Heads that one [`Pool::take`] passes over because they do not fit the gas left.
const TAKE_SKIPS_MAX: usize = 256;

/// The waiting transactions.
#[derive(Debug)]
pub struct Pool {
    limits: MempoolLimits,
    ordering: Arc<dyn Ordering>,
    slots: Slots,
    senders: Senders,
    ready: Ready,
    prices: Prices,
    /// How many transactions stand behind a gap.
    gapped: usize,
    /// Whose next transaction waits for the next block.
    deferred: Vec<SenderId>,
    /// Of whom the builder holds transactions.
    held: Vec<SenderId>,
    recent: VecDeque<(u64, Arc<StateDiff>)>,
    version: u64,
    arrivals: u64,
    bytes: usize,
    /// Bytes from which on a transaction gets in only in the place of others: what the limits allow, or less.
    bytes_max: usize,
}

/// Why a transaction did not get in.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one call and the large one is the usual"
)]
pub enum NotInserted {
    /// It is refused.
    Rejected(Rejection),
    /// The sender's account was read from a state that is too old; read it again.
    Stale,
}

impl From<Rejection> for NotInserted {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Transactions that left without being executed, and why.
pub type Left = Vec<(B256, Rejection)>;

/// How much one sub-block may take.
#[derive(Debug, Clone, Copy)]
pub struct TakeLimits {
    /// Gas that the open block has left.
    pub block_gas_left: u64,
    /// Bytes of raw transactions that it has left.
    pub bytes_left: usize,
    /// Gas that the sub-block may use.
    pub gas_max: u64,
    /// Transactions it may have.
    pub transactions_max: usize,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: MempoolLimits, ordering: Arc<dyn Ordering>, base_fee: u64) -> Self {
        Self {
            limits,
            ordering: ordering.clone(),
            slots: Slots::default(),
            senders: Senders::default(),
            ready: Ready::new(ordering, base_fee),
            prices: Prices::new(),
            gapped: 0,
            deferred: Vec::new(),
            held: Vec::new(),
            recent: VecDeque::new(),
            version: 0,
            arrivals: 0,
            bytes: 0,
            bytes_max: limits.bytes_max,
        }
    }

    /// Lets a transaction in. Returns those that left for it.
    ///
    /// # Errors
    /// When it is refused, or the account it was checked against is out of date.
    pub fn insert(
        &mut self,
        tx: impl Into<Arc<Admitted>>,
        account: SenderState,
    ) -> Result<Left, NotInserted> {
        let tx = tx.into();
        let hash = tx.hash();
        if self.contains(&hash) {
            return Err(Rejection::AlreadyKnown { hash }.into());
        }
        let (address, nonce) = (tx.sender(), tx.nonce());
        let (account_nonce, balance) = self.current(&address, account).ok_or(NotInserted::Stale)?;
        let mut left = Left::new();
        let known = self.senders.find(&address);
        let expected = known.map_or(account_nonce, |sender| sender.cursor);
        self.check_nonce(nonce, expected)?;
        let queued = known.map_or(U256::ZERO, |sender| sender.queued_cost(nonce, &self.slots));
        check_funds(&tx, balance, queued)?;
        let old = known.and_then(|sender| sender.get(nonce)).and_then(|old| self.slots.get(old));
        let old = old.map(|old| &old.admitted);
        old.map_or(Ok(()), |old| self.check_replacement(old, &tx))?;
        self.make_room(&tx, account_nonce, old.map(|old| old.raw.len()), &mut left)?;
        let replaced = self.link(tx, account_nonce, balance);
        left.extend(replaced.map(|old| (old.hash(), Rejection::Replaced { by: hash })));
        Ok(left)
    }

    /// Takes the best ready transactions, each sender's in order of nonce. They stay known until
    /// [`Self::settle`] says what became of them.
    pub fn take(&mut self, limits: TakeLimits) -> Vec<Arc<Admitted>> {
        let mut taken = Vec::new();
        let (mut gas, mut bytes, mut skips) = (0_u64, 0, 0);
        let mut passed_over = Vec::new();
        while taken.len() < limits.transactions_max && gas < limits.gas_max {
            if skips == TAKE_SKIPS_MAX {
                break;
            }
            let Some(id) = self.ready.pop(&self.senders) else { break };
            let sender = self.senders.get_mut(id);
            sender.ready = None;
            let Some(head) = sender.head().and_then(|head| self.slots.get(head)) else { continue };
            let gas_limit = head.gas_limit;
            if gas_limit > limits.block_gas_left {
                sender.deferred = true;
                self.deferred.push(id);
                skips += 1;
            } else if gas_limit > limits.block_gas_left - gas
                || head.bytes > limits.bytes_left - bytes
            {
                passed_over.push(id);
                skips += 1;
            } else {
                gas += gas_limit;
                bytes += head.bytes;
                taken.push(head.admitted.clone());
                if sender.cursor == sender.nonce {
                    self.held.push(id);
                }
                sender.cursor += 1;
                self.place_head(id);
            }
        }
        for id in passed_over {
            self.place_head(id);
        }
        taken
    }

    /// Says what became of the transactions that the builder holds: `diff` is what the sub-block changed, `dropped` are
    /// those that can never be executed. The rest go back to their places. Returns all that left unexecuted.
    pub fn settle(&mut self, version: u64, diff: &Arc<StateDiff>, dropped: Left) -> Left {
        debug_assert!(version > self.version || self.held.is_empty(), "versions rise");
        let mut left = Left::new();
        for (hash, reason) in dropped {
            let removed = self.slots.find(&hash).and_then(|id| self.remove_one(id));
            left.extend(removed.map(|_| (hash, reason)));
        }
        self.version = version;
        if self.recent.len() == RECENT_DIFFS_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((version, diff.clone()));
        for (address, change) in &diff.accounts {
            if let Some(sender) = self.senders.id(address) {
                let account = change.account.map_or((0, U256::ZERO), |a| (a.nonce, a.balance));
                self.update_account(sender, account, &mut left);
            }
        }
        for id in std::mem::take(&mut self.held) {
            let sender = self.senders.get_mut(id);
            // Who has left meanwhile has nothing that could be taken.
            if !sender.is_empty() {
                sender.cursor = sender.nonce;
                self.place_head(id);
            }
        }
        left
    }

    /// A new block is open: its base fee holds, and its gas is unused. While building is slow, no more than `bytes_max` bytes
    /// are let in; what is here stays.
    pub fn open_block(&mut self, base_fee: u64, bytes_max: Option<usize>) {
        let limit = self.limits.bytes_max;
        self.bytes_max = bytes_max.map_or(limit, |bytes_max| std::cmp::min(bytes_max, limit));
        self.ready.set_base_fee(base_fee, &self.senders);
        for id in std::mem::take(&mut self.deferred) {
            self.senders.get_mut(id).deferred = false;
            self.place_head(id);
        }
    }

    /// Removes everything, in order of arrival: what was known of accounts no longer holds.
    pub fn drain(&mut self, version: u64) -> Vec<Arc<Admitted>> {
        let waiting = self.in_arrival_order();
        let arrivals = self.arrivals;
        *self = Self::new(self.limits, self.ordering.clone(), self.ready.base_fee());
        self.arrivals = arrivals;
        self.version = version;
        waiting
    }

    /// Removes those of these transactions that wait here and that the builder does not hold; says which.
    pub fn remove(&mut self, hashes: &[B256]) -> Vec<B256> {
        let waits = |pool: &Self, id: SlotId| {
            let slot = pool.slots.get(id);
            slot.is_some_and(|slot| slot.nonce >= pool.senders.get(slot.sender).cursor)
        };
        let mut remove = |hash: &B256| {
            let id = self.slots.find(hash).filter(|id| waits(self, *id))?;
            self.remove_one(id).map(|_| *hash)
        };
        hashes.iter().filter_map(&mut remove).collect()
    }

    /// The account as of the newest settled sub-block, or `None` where `account` is too old to say.
    fn current(&self, address: &Address, account: SenderState) -> Option<(u64, U256)> {
        if let Some(sender) = self.senders.find(address) {
            return Some((sender.nonce, sender.balance));
        }
        if account.version >= self.version {
            return Some((account.nonce, account.balance));
        }
        // The diffs in between must all be here: the first of them is the one after the version read.
        let oldest = self.recent.front().map_or(u64::MAX, |(version, _)| *version);
        if oldest > account.version + 1 {
            return None;
        }
        let newer = self.recent.iter().rev().take_while(|(version, _)| *version > account.version);
        let change = newer.filter_map(|(_, diff)| diff.accounts.get(address)).next();
        Some(change.map_or((account.nonce, account.balance), |change| {
            change.account.map_or((0, U256::ZERO), |a| (a.nonce, a.balance))
        }))
    }

    fn check_nonce(&self, nonce: u64, expected: u64) -> Result<(), Rejection> {
        let gap_max = self.limits.nonce_gap_max;
        if nonce < expected {
            return Err(Rejection::NonceTooLow { nonce, expected });
        }
        if nonce - expected > gap_max {
            return Err(Rejection::NonceTooHigh { nonce, expected, gap_max });
        }
        Ok(())
    }

    fn check_replacement(&self, old: &Admitted, new: &Admitted) -> Result<(), Rejection> {
        let least = old.fees.bumped(self.limits.replacement_bump_percent.into());
        if new.fees.cap < least.cap || new.fees.tip < least.tip {
            let (fee_cap_min, tip_min) = (least.cap, least.tip);
            return Err(Rejection::ReplacementUnderpriced { fee_cap_min, tip_min });
        }
        Ok(())
    }

    fn update_account(&mut self, id: SenderId, (nonce, balance): (u64, U256), left: &mut Left) {
        let sender = self.senders.get_mut(id);
        sender.balance = balance;
        let cursor = sender.cursor;
        while let Some(used) = self.senders.get_mut(id).advance(nonce, &self.slots) {
            let Some(used) = self.forget(used) else { continue };
            // Those before the cursor were taken, and executed. A nonce can also be used up from inside (EIP-7702).
            if used.nonce() >= cursor {
                let reason = Rejection::NonceTooLow { nonce: used.nonce(), expected: nonce };
                left.push((used.hash(), reason));
            }
        }
        let sender = self.senders.get_mut(id);
        sender.cursor = std::cmp::max(cursor, sender.nonce);
        self.refresh(id);
    }
}

fn check_funds(tx: &Admitted, have: U256, queued: U256) -> Result<(), Rejection> {
    let want = tx.cost.total().saturating_add(queued);
    if have >= want {
        return Ok(());
    }
    let super::Cost { gas, value, l1_fee, operator_fee } = tx.cost;
    Err(Rejection::InsufficientFunds { have, want, gas, l1_fee, operator_fee, value, queued })
}
