//! Blocks of transactions, the same for every engine.

use std::sync::Arc;

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256, keccak256};
use executor::{BlockContext, ChainSpec, RecoveredTransaction};
use protocol::{BlockOpening, Eip1559Params, Header, SystemConfig, Transaction};
use revm::context::TxEnv;
use state::Account;

use crate::{adversary, contracts, contracts::World, state::HashState, uniswap};

pub(crate) const CHAIN_ID: u64 = 901;
pub(crate) const BASE_FEE: u64 = 1_000;
const MAX_FEE: u128 = 1_100;
const TIP: u128 = 1;
const ACCOUNTS: u64 = 100_000;
const TRANSFERS: u64 = 47_620;
const TOKENS: u64 = 33_628;
const ETHER: u128 = 1_000_000_000_000_000_000;

/// One block on one state.
pub(crate) struct Workload {
    pub name: &'static str,
    pub state: Arc<HashState>,
    pub context: BlockContext,
    pub txs: Vec<RecoveredTransaction>,
    /// The same for stock revm.
    pub envs: Vec<TxEnv>,
    /// Every engine meets it for the first time in every round.
    pub is_new: bool,
}

/// A transaction to be.
#[derive(Clone, Debug)]
pub(crate) struct Send {
    pub from: Address,
    pub to: Address,
    pub value: u64,
    pub input: Bytes,
    pub gas: u64,
}

/// An address that belongs to a number.
pub(crate) fn user(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

pub(crate) fn transfer(from: u64, to: u64) -> Send {
    Send { from: user(from), to: user(to), value: 1, input: Bytes::new(), gas: 21_000 }
}

/// The same numbers in every run.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

pub(crate) fn all() -> impl Iterator<Item = Workload> {
    let plain = [
        ("transfers, disjoint", disjoint as fn(u64) -> Vec<Send>),
        ("transfers, random", random),
        ("transfers, all to one", |n| (0..n).map(|i| transfer(i + 1, 0)).collect()),
        ("transfers, one sender", |n| (0..n).map(|i| transfer(0, i + 1)).collect()),
        ("transfers, i to i+1", |n| (0..n).map(|i| transfer(i, i + 1)).collect()),
    ];
    let plain = plain
        .into_iter()
        .map(|(name, make)| Workload::new(name, World::new(ACCOUNTS), make(TRANSFERS)));
    plain
        .chain(contracts::workloads(TOKENS))
        .chain(uniswap::workloads())
        .chain(adversary::workloads())
}

fn disjoint(count: u64) -> Vec<Send> {
    (0..count).map(|i| transfer(2 * i, 2 * i + 1)).collect()
}

fn random(count: u64) -> Vec<Send> {
    let mut numbers = Numbers::new(1);
    (0..count).map(|_| transfer(numbers.below(ACCOUNTS), numbers.below(ACCOUNTS))).collect()
}

impl Workload {
    pub(crate) fn new(name: &'static str, world: World, sends: Vec<Send>) -> Self {
        let World { mut state, .. } = world;
        for send in &sends {
            // Whoever sends has enough; nonces are those of the state.
            state.accounts.entry(send.from).or_default().balance = U256::from(ETHER * 1_000);
        }
        let mut nonces = alloy_primitives::map::AddressMap::<u64>::default();
        let (mut txs, mut envs) = (Vec::new(), Vec::new());
        for send in sends {
            let start = state.accounts.get(&send.from).map_or(0, |account| account.nonce);
            let nonce = nonces.entry(send.from).or_insert(start);
            txs.push(recovered(&send, *nonce, TxKind::Call(send.to)));
            envs.push(env(send, *nonce));
            *nonce += 1;
        }
        let state = Arc::new(state);
        Self { name, state, context: context(), txs, envs, is_new: false }
    }
}

pub(crate) fn context() -> BlockContext {
    let fees = Eip1559Params { elasticity: 2, denominator: 250, base_fee_min: 0 };
    let gas_limit = u64::MAX / 4;
    let parent = Header {
        number: 9,
        gas_limit,
        gas_used: gas_limit / 2,
        base_fee_per_gas: Some(BASE_FEE),
        ..Default::default()
    };
    let opening = BlockOpening {
        number: 10,
        timestamp: 1_001,
        system_config: SystemConfig { gas_limit, ..Default::default() },
        ..Default::default()
    };
    BlockContext::new(&ChainSpec { chain_id: CHAIN_ID, fees }, &parent, &opening)
}

pub(crate) fn recovered(send: &Send, nonce: u64, to: TxKind) -> RecoveredTransaction {
    let tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: send.gas,
        max_fee_per_gas: MAX_FEE,
        max_priority_fee_per_gas: TIP,
        to,
        value: U256::from(send.value),
        access_list: Default::default(),
        input: send.input.clone(),
    };
    let signed = tx.into_signed(Signature::test_signature());
    RecoveredTransaction::from_parts(Transaction::Eip1559(signed), send.from)
}

fn env(send: Send, nonce: u64) -> TxEnv {
    TxEnv {
        tx_type: 2,
        caller: send.from,
        gas_limit: send.gas,
        gas_price: MAX_FEE,
        kind: TxKind::Call(send.to),
        value: U256::from(send.value),
        data: send.input,
        nonce,
        chain_id: Some(CHAIN_ID),
        gas_priority_fee: Some(TIP),
        ..TxEnv::default()
    }
}

/// Users with ether.
pub(crate) fn rich(accounts: u64) -> HashState {
    let mut state = HashState::default();
    for number in 0..accounts {
        let account = Account { balance: U256::from(ETHER * 1_000), ..Account::default() };
        state.accounts.insert(user(number), account);
    }
    state
}
