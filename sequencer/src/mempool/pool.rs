//! Transactions that wait for their place: one nonce queue per sender, one order over all senders.
//!
//! A plain value that one lock guards; it does no I/O and reads no clock. What it knows of accounts comes
//! with each admission and with the diff of each sub-block. Not here: whether a transaction is well formed
//! and paid for by itself (`admission.rs`).
//!
//! Invariants: at most one transaction per sender and nonce; the counts and bytes never exceed the limits;
//! a transaction that cannot be executed now (gap, fee cap, gas left) is not looked at again until what
//! keeps it back has changed.

mod links;
mod lookup;

use std::{cmp::Reverse, collections::BTreeSet, collections::VecDeque, sync::Arc};

use alloy::primitives::{
    Address, B256, U256,
    map::{HashMap, HashSet},
};
use state::StateDiff;

use super::{
    Admitted, MempoolLimits, Ordering, Rejection, SenderState, ready::Ready, sender::Sender,
};

/// Sub-block diffs that are kept to bring late admissions up to date.
const RECENT_DIFFS_MAX: usize = 256;

/// Heads that one [`Pool::take`] passes over because they do not fit the gas left.
const TAKE_SKIPS_MAX: usize = 256;

/// Cheapest first: parked behind a gap, then tip, cap, and the latest arrival.
type Price = (bool, u128, u128, Reverse<u64>, Address);

/// The waiting transactions.
#[derive(Debug)]
pub struct Pool {
    limits: MempoolLimits,
    ordering: Arc<dyn Ordering>,
    senders: HashMap<Address, Sender>,
    by_hash: HashMap<B256, (Address, u64)>,
    ready: Ready,
    by_price: BTreeSet<Price>,
    /// How many of them stand behind a gap.
    gapped: usize,
    deferred: Vec<Address>,
    recent: VecDeque<(u64, Arc<StateDiff>)>,
    version: u64,
    arrivals: u64,
    bytes: usize,
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
            gapped: 0,
            senders: HashMap::default(),
            by_hash: HashMap::default(),
            ready: Ready::new(ordering, base_fee),
            by_price: BTreeSet::new(),
            deferred: Vec::new(),
            recent: VecDeque::new(),
            version: 0,
            arrivals: 0,
            bytes: 0,
        }
    }

    /// Lets a transaction in. Returns those that left for it.
    ///
    /// # Errors
    /// When it is refused, or the account it was checked against is out of date.
    pub fn insert(&mut self, tx: Admitted, account: SenderState) -> Result<Left, NotInserted> {
        let hash = tx.hash();
        if self.by_hash.contains_key(&hash) {
            return Err(Rejection::AlreadyKnown { hash }.into());
        }
        let (address, nonce) = (tx.sender(), tx.nonce());
        let (account_nonce, balance) = self.current(&address, account).ok_or(NotInserted::Stale)?;
        let mut left = Left::new();
        let known = self.senders.get(&address);
        let expected = known.map_or(account_nonce, |sender| sender.cursor);
        self.check_nonce(nonce, expected)?;
        let queued = known.map_or(U256::ZERO, |sender| sender.queued_cost(nonce));
        check_funds(&tx, balance, queued)?;
        let old = known.and_then(|sender| sender.transactions.get(&nonce));
        match old.map(|old| old.admitted.clone()) {
            Some(old) => {
                self.check_replacement(&old, &tx)?;
                self.remove_one(&old.hash());
                left.push((old.hash(), Rejection::Replaced { by: hash }));
            }
            None => self.make_room(&tx, account_nonce, &mut left)?,
        }
        self.link(tx, account_nonce, balance);
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
            let Some((_, address)) = self.ready.pop() else { break };
            let Some(sender) = self.senders.get_mut(&address) else { continue };
            sender.ready = None;
            let Some(head) = sender.head() else { continue };
            let gas_limit = head.admitted.gas_limit();
            if gas_limit > limits.block_gas_left {
                sender.deferred = true;
                self.deferred.push(address);
                skips += 1;
            } else if gas_limit > limits.block_gas_left - gas
                || head.admitted.raw.len() > limits.bytes_left - bytes
            {
                passed_over.push(address);
                skips += 1;
            } else {
                gas += gas_limit;
                bytes += head.admitted.raw.len();
                taken.push(head.admitted.clone());
                sender.cursor += 1;
                self.place_head(&address);
            }
        }
        for address in passed_over {
            self.place_head(&address);
        }
        taken
    }

    /// Says what became of the taken transactions: `diff` is what the sub-block changed, `dropped` are those
    /// that can never be executed. The rest go back to their places. Returns all that left unexecuted.
    pub fn settle(
        &mut self,
        version: u64,
        taken: &[Arc<Admitted>],
        diff: &Arc<StateDiff>,
        dropped: Left,
    ) -> Left {
        debug_assert!(version > self.version || taken.is_empty(), "versions rise");
        let mut left = Left::new();
        for (hash, reason) in dropped {
            if self.remove_one(&hash) {
                left.push((hash, reason));
            }
        }
        self.version = version;
        if self.recent.len() == RECENT_DIFFS_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((version, diff.clone()));
        let executed: HashSet<B256> = taken.iter().map(|tx| tx.hash()).collect();
        for (address, change) in &diff.accounts {
            if self.senders.contains_key(address) {
                let account = change.account.map_or((0, U256::ZERO), |a| (a.nonce, a.balance));
                self.update_account(address, account, &executed, &mut left);
            }
        }
        let senders: BTreeSet<Address> = taken.iter().map(|tx| tx.sender()).collect();
        for address in senders {
            if let Some(sender) = self.senders.get_mut(&address) {
                sender.cursor = sender.nonce;
            }
            self.refresh(&address);
        }
        left
    }

    /// A new block is open: its base fee holds, and its gas is unused.
    pub fn open_block(&mut self, base_fee: u64) {
        self.ready.set_base_fee(base_fee);
        for address in std::mem::take(&mut self.deferred) {
            if let Some(sender) = self.senders.get_mut(&address) {
                sender.deferred = false;
            }
            self.place_head(&address);
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
        let waits = |pool: &Self, hash: &B256| {
            let Some((address, nonce)) = pool.by_hash.get(hash) else { return false };
            pool.senders.get(address).is_some_and(|sender| *nonce >= sender.cursor)
        };
        hashes.iter().copied().filter(|hash| waits(self, hash) && self.remove_one(hash)).collect()
    }

    /// The account as of the newest settled sub-block, or `None` where `account` is too old to say.
    fn current(&self, address: &Address, account: SenderState) -> Option<(u64, U256)> {
        if let Some(sender) = self.senders.get(address) {
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

    /// Evicts cheaper transactions until the new one fits.
    fn make_room(&mut self, tx: &Admitted, nonce: u64, left: &mut Left) -> Result<(), Rejection> {
        let sender = self.senders.get(&tx.sender());
        let transactions_max = self.limits.sender_transactions_max;
        if sender.is_some_and(|sender| sender.transactions.len() >= transactions_max) {
            return Err(Rejection::SenderFull { transactions_max });
        }
        let executable = tx.nonce() == sender.map_or(nonce, |sender| sender.end);
        let full = |pool: &Self| {
            pool.by_hash.len() >= pool.limits.transactions_max
                || pool.bytes + tx.raw.len() > pool.limits.bytes_max
        };
        while full(self) {
            let rejection =
                Rejection::PoolFull { transactions: self.by_hash.len(), bytes: self.bytes };
            let Some(cheapest) = self.by_price.first() else { return Err(rejection) };
            let cheaper =
                (cheapest.0, cheapest.1, cheapest.2) < (executable, tx.fees.tip, tx.fees.cap);
            // The sender of the cheapest loses the last in its queue: what stands behind the cheapest
            // cannot be executed without it. What the builder holds is not evicted.
            let victim = self.senders.get(&cheapest.4).and_then(|sender| {
                sender.last().filter(|last| last.nonce() >= sender.cursor).map(|last| last.hash())
            });
            match victim {
                Some(hash) if cheaper && cheapest.4 != tx.sender() => {
                    self.remove_one(&hash);
                    left.push((hash, Rejection::Evicted));
                }
                _ => return Err(rejection),
            }
        }
        Ok(())
    }

    fn update_account(
        &mut self,
        address: &Address,
        (nonce, balance): (u64, U256),
        executed: &HashSet<B256>,
        left: &mut Left,
    ) {
        let Some(sender) = self.senders.get_mut(address) else { return };
        (sender.nonce, sender.balance) = (nonce, balance);
        sender.cursor = std::cmp::max(sender.cursor, nonce);
        let used: Vec<_> =
            sender.transactions.range(..nonce).map(|(_, tx)| tx.admitted.clone()).collect();
        for admitted in used {
            let hash = admitted.hash();
            self.unlink(&hash);
            // Executed ones were taken. A nonce can also be used up from inside (EIP-7702).
            if !executed.contains(&hash) {
                let reason = Rejection::NonceTooLow { nonce: admitted.nonce(), expected: nonce };
                left.push((hash, reason));
            }
        }
        self.refresh(address);
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
