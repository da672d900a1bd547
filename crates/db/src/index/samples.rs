//! A chain of random but consistent blocks for the tests of this crate: transactions of every kind, receipts with logs,
//! diffs that create, change, clear and delete, and the undo of each.

use std::collections::BTreeMap;

use alloy_consensus::TxReceipt as _;
use alloy_consensus::{Signed, TxEip1559, TxLegacy};
use alloy_eip7928::{AccountChanges, BalanceChange, BlockAccessIndex, BlockAccessList};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Log, LogData, Signature, TxKind, U256, keccak256};
use op_alloy_consensus::OpTxType;
use protocol::{Header, Transaction, TxDeposit, receipt_from_parts};
use state::{Account, AccountDiff, MemoryState, StateDiff};

use super::{BlockRecord, Bodies, IndexedReceipt, WithdrawalNodes};

const ACCOUNTS: u64 = 24;
const SLOTS: u64 = 6;

/// Deterministic randomness: one seed, one chain.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn hash(&mut self) -> B256 {
        keccak256(self.next().to_be_bytes())
    }

    fn bytes(&mut self, longest: u64) -> Bytes {
        (0..self.below(longest)).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}

/// Address `index` of the few that the chain uses, so that blocks touch the same accounts again.
pub(crate) fn address(index: u64) -> Address {
    Address::from_slice(&keccak256(index.to_be_bytes())[12..])
}

pub(crate) fn slot(index: u64) -> U256 {
    // Small keys and large ones.
    if index.is_multiple_of(2) {
        U256::from(index)
    } else {
        U256::from_be_bytes(keccak256([0]).0) + U256::from(index)
    }
}

/// What is kept of a block: an account now and then, a node of its own, and one that its neighbours have too.
pub(crate) fn kept(block: &BlockRecord) -> WithdrawalNodes {
    let number = block.header.number;
    let nodes = [
        Bytes::copy_from_slice(&block.hash[..]),
        Bytes::copy_from_slice(&(number / 3).to_be_bytes()),
    ];
    WithdrawalNodes {
        account: number.is_multiple_of(4).then(|| nodes.to_vec()),
        storage: nodes.into_iter().map(|node| (keccak256(&node), node)).collect(),
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub(crate) random: Random,
    /// The state after the newest block.
    pub(crate) state: MemoryState,
    next: u64,
    parent: B256,
}

impl Chain {
    pub(crate) fn new(seed: u64) -> Self {
        let random = Random::new(seed);
        Self { random, state: MemoryState::new(), next: 0, parent: B256::ZERO }
    }

    /// The next block; the first is genesis, without transactions.
    pub(crate) fn block(&mut self) -> BlockRecord {
        let number = self.next;
        let bodies = if number == 0 { Bodies::default() } else { self.bodies(number) };
        self.block_of(bodies)
    }

    pub(crate) fn block_of(&mut self, bodies: Bodies) -> BlockRecord {
        let number = self.next;
        let receipts = self.receipts(&bodies);
        let diff = self.diff(number == 0);
        let undo =
            diff.undo_with(&self.state, |address| Some(self.state.slots_of(address))).unwrap();
        self.state.apply(&diff);
        let gas_used = receipts.iter().map(|receipt| receipt.gas_used).sum();
        let header = Header {
            number,
            parent_hash: self.parent,
            gas_used,
            timestamp: 1_000 + number,
            state_root: self.random.hash(),
            base_fee_per_gas: Some(7),
            ..Header::default()
        };
        let hash = header.hash_slow();
        (self.next, self.parent) = (number + 1, hash);
        let access_list = self.random.one_in(2).then(|| self.access_list(receipts.len()));
        BlockRecord { header, hash, bodies, receipts, diff, undo, access_list }
    }

    /// A list in which some transactions change some balances.
    fn access_list(&mut self, transactions: usize) -> Bytes {
        let random = &mut self.random;
        let last = transactions as u64 + 1;
        let mut list = BlockAccessList::new();
        for account in 0..random.below(5) {
            let mut changes = AccountChanges::new(address(account * 3));
            let index = BlockAccessIndex::new(random.below(last));
            changes.balance_changes.push(BalanceChange::new(index, U256::from(random.next())));
            list.push(changes);
        }
        alloy_rlp::encode(&list).into()
    }

    fn bodies(&mut self, number: u64) -> Bodies {
        let deposit = TxDeposit {
            source_hash: keccak256(number.to_be_bytes()),
            from: address(0),
            to: TxKind::Call(address(1)),
            gas_limit: 1_000_000,
            input: self.random.bytes(200),
            ..TxDeposit::default()
        };
        let own = vec![Transaction::from(deposit).encoded_2718().into()];
        let sub_blocks = 1 + self.random.below(3);
        let journaled = (0..sub_blocks)
            .map(|_| (0..self.random.below(4)).map(|_| self.transaction()).collect())
            .collect();
        Bodies { own, journaled }
    }

    pub(crate) fn transaction(&mut self) -> Bytes {
        let random = &mut self.random;
        let signature = Signature::test_signature();
        let to = if random.one_in(4) {
            TxKind::Create
        } else {
            TxKind::Call(address(random.below(ACCOUNTS)))
        };
        let (nonce, value, input) = (random.below(99), U256::from(random.next()), random.bytes(90));
        let gas_limit = 21_000 + random.below(1_000_000);
        let transaction = if random.one_in(2) {
            let tx = TxLegacy { nonce, value, input, to, gas_limit, ..TxLegacy::default() };
            Transaction::Legacy(Signed::new_unhashed(tx, signature))
        } else {
            let tx = TxEip1559 { nonce, value, input, to, gas_limit, ..TxEip1559::default() };
            Transaction::Eip1559(Signed::new_unhashed(tx, signature))
        };
        transaction.encoded_2718().into()
    }

    fn receipts(&mut self, bodies: &Bodies) -> Vec<IndexedReceipt> {
        let (mut gas, mut place) = (0, 0);
        let raw: Vec<Bytes> = bodies.iter().cloned().collect();
        raw.iter()
            .map(|raw| {
                let tx_type = match raw[0] {
                    0x7e => OpTxType::Deposit,
                    0x02 => OpTxType::Eip1559,
                    _ => OpTxType::Legacy,
                };
                let receipt = self.receipt(tx_type, gas, place);
                gas += receipt.gas_used;
                place += receipt.receipt.logs().len() as u64;
                receipt
            })
            .collect()
    }

    fn receipt(&mut self, tx_type: OpTxType, gas: u64, first_log_index: u64) -> IndexedReceipt {
        let random = &mut self.random;
        let gas_used = 21_000 + random.below(100_000);
        let logs: Vec<Log> = (0..random.below(4))
            .map(|_| {
                // Few different topics, so that filters find something.
                let topics = (0..random.below(5)).map(|_| B256::from(U256::from(random.below(3))));
                let topics = topics.collect();
                let data = LogData::new_unchecked(topics, random.bytes(70));
                Log { address: address(random.below(4)), data }
            })
            .collect();
        let nonce = (tx_type == OpTxType::Deposit).then(|| random.below(1 << 40));
        let version = nonce.is_some().then_some(1);
        let success = !random.one_in(5);
        let receipt = receipt_from_parts(tx_type, success, gas + gas_used, logs, (nonce, version));
        IndexedReceipt {
            receipt,
            sender: address(random.below(ACCOUNTS)),
            created: random.one_in(4).then(|| address(random.below(ACCOUNTS))),
            gas_used,
            effective_gas_price: random.next().into(),
            l1_fee: U256::from(random.next()) * U256::from(random.below(3)),
            operator_fee: U256::from(random.below(2)),
            first_log_index,
        }
    }

    fn diff(&mut self, genesis: bool) -> StateDiff {
        let mut diff = StateDiff::default();
        for _ in 0..=self.random.below(8) {
            let address = address(self.random.below(ACCOUNTS));
            let change = self.change(genesis, &mut diff.codes);
            diff.accounts.insert(address, change);
        }
        diff
    }

    fn change(&mut self, genesis: bool, codes: &mut BTreeMap<B256, Bytes>) -> AccountDiff {
        let random = &mut self.random;
        if !genesis && random.one_in(6) {
            return AccountDiff::gone();
        }
        let code = random.bytes(3);
        let code_hash = keccak256(&code);
        if !code.is_empty() {
            codes.insert(code_hash, code);
        }
        let storage = (0..random.below(5))
            .map(|_| {
                let value = U256::from(random.below(3)) * U256::from(random.next());
                (slot(random.below(SLOTS)), value)
            })
            .collect();
        let balance = U256::from(random.next()) << usize::from(random.next().to_be_bytes()[0] / 2);
        let account = Account { nonce: random.below(1 << 50), balance, code_hash };
        AccountDiff {
            account: Some(account),
            storage_cleared: genesis || random.one_in(8),
            storage,
        }
    }
}
