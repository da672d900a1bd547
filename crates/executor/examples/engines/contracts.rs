//! Contracts and what is done with them: the published Uniswap V2, and small ones for other patterns.

use alloy_consensus::TxReceipt as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use executor::{SerialExecutor, TransactionOutcome};
use state::Account;

use crate::{
    asm,
    state::HashState,
    workload::{Numbers, Send, Workload, context, recovered, rich, user},
};

/// A state to be filled, and what was deployed there.
pub(crate) struct World {
    pub state: HashState,
}

impl World {
    pub(crate) fn new(accounts: u64) -> Self {
        Self { state: rich(accounts) }
    }

    /// Code written by hand.
    pub(crate) fn contract(&mut self, number: u64, source: &str) -> Address {
        let address = user(1 << 40 | number);
        let code = asm::assemble(source);
        let code_hash = keccak256(&code);
        self.state.codes.insert(code_hash, code);
        self.state.accounts.insert(address, Account { nonce: 1, code_hash, ..Account::default() });
        address
    }

    pub(crate) fn set(&mut self, address: Address, slot: U256, value: u64) {
        self.state.slots.insert((address, slot), U256::from(value));
    }
}

/// Makes a state, and so many transactions on it.
type Make = fn(u64) -> (World, Vec<Send>);

pub(crate) fn workloads(tokens: u64) -> impl Iterator<Item = Workload> {
    let small: [(&'static str, Make); 9] = [
        ("ERC-20, disjoint", |n| erc20(|i, _| (2 * i, 2 * i + 1), n)),
        ("ERC-20, random", |n| erc20(|_, r| (r.below(100_000), r.below(100_000)), n)),
        ("ERC-20, all to one", |n| erc20(|i, _| (i + 1, 0), n)),
        ("NFT mint, one counter", nft),
        ("DAO vote, two tallies", vote),
        ("game, shared leaderboard", game),
        ("supply chain hand-overs", supply_chain),
        ("lending, shared oracle", lending),
        ("ERC-20, i to i+1", |n| erc20(|i, _| (i, i + 1), n)),
    ];
    small.into_iter().map(move |(name, make)| {
        let (world, sends) = make(tokens);
        Workload::new(name, world, sends)
    })
}

pub(crate) fn word(value: impl Into<U256>) -> Vec<u8> {
    B256::from(value.into()).to_vec()
}

pub(crate) fn address_word(address: Address) -> Vec<u8> {
    address.into_word().to_vec()
}

pub(crate) fn call(from: u64, to: Address, input: Vec<u8>) -> Send {
    Send { from: user(from), to, value: 0, input: input.into(), gas: 200_000 }
}

/// Call data of a function with one argument.
fn input(argument: u64) -> Vec<u8> {
    [vec![0x11; 4], word(U256::from(argument))].concat()
}

/// The slot of `key` in a Solidity mapping at `base`.
pub(crate) fn mapping(key: Address, base: u64) -> U256 {
    keccak256([address_word(key), word(U256::from(base))].concat()).into()
}

/// Source that leaves the slot of the address on the stack in the mapping at `base`.
fn slot_of(address: &str, base: u64) -> String {
    format!("{address} PUSH0 MSTORE {base} 32 MSTORE 64 PUSH0 KECCAK256")
}

/// A token: that of Uniswap V2's tests.
pub(crate) fn token(world: &mut World) -> Address {
    let supply = word(U256::from(u128::MAX));
    let initcode = [published("v2-core/build/ERC20.json").to_vec(), supply].concat();
    deploy(world, user(0), initcode.into())
}

/// The token of Uniswap V2's tests: balances in a mapping, an event for each transfer.
fn erc20(pair: impl Fn(u64, &mut Numbers) -> (u64, u64), count: u64) -> (World, Vec<Send>) {
    let mut world = World::new(100_000);
    let token = token(&mut world);
    let mut numbers = Numbers::new(2);
    let pairs: Vec<_> = (0..count).map(|i| pair(i, &mut numbers)).collect();
    for (from, _) in &pairs {
        world.set(token, mapping(user(*from), BALANCES), 1_000_000);
    }
    let sends = pairs.into_iter().map(|(from, to)| call(from, token, transfer_input(user(to), 1)));
    (world, sends.collect())
}

/// Where the token keeps its balances.
pub(crate) const BALANCES: u64 = 1;

/// Call data of a token transfer.
pub(crate) fn transfer_input(to: Address, amount: u64) -> Vec<u8> {
    let selector = keccak256("transfer(address,uint256)");
    [selector[..4].to_vec(), address_word(to), word(U256::from(amount))].concat()
}

/// An id from a counter, and its owner.
fn nft(count: u64) -> (World, Vec<Send>) {
    let mut world = World::new(0);
    let source = "PUSH0 SLOAD 1 ADD DUP1 PUSH0 SSTORE CALLER SWAP1 SSTORE";
    let contract = world.contract(1, source);
    (world, (0..count).map(|i| call(i, contract, vec![])).collect())
}

/// One vote each for one of two tallies.
fn vote(count: u64) -> (World, Vec<Send>) {
    let mut world = World::new(0);
    let source = "1 CALLER SSTORE 4 CALLDATALOAD DUP1 SLOAD 1 ADD SWAP1 SSTORE";
    let contract = world.contract(2, source);
    (world, (0..count).map(|i| call(i, contract, input(i % 2))).collect())
}

/// A player's own state moves on; every tenth move goes to the leaderboard as well.
fn game(count: u64) -> (World, Vec<Send>) {
    let mut world = World::new(0);
    let own = slot_of("CALLER", 1);
    let source = format!(
        "{own} DUP1 SLOAD 1 ADD SWAP1 SSTORE 2 SLOAD POP 4 CALLDATALOAD @lead JUMPI STOP lead: CALLER 2 SSTORE"
    );
    let contract = world.contract(3, &source);
    let leads = |i: u64| u64::from(i.is_multiple_of(10));
    (world, (0..count).map(|i| call(i, contract, input(leads(i)))).collect())
}

/// A thousand items, each handed from owner to owner.
fn supply_chain(count: u64) -> (World, Vec<Send>) {
    let mut world = World::new(0);
    let item = slot_of("4 CALLDATALOAD", 1);
    let source = format!("{item} DUP1 SLOAD POP CALLER SWAP1 SSTORE");
    let contract = world.contract(4, &source);
    (world, (0..count).map(|i| call(i, contract, input(i % 1_000))).collect())
}

/// Borrowers read a price; one in a thousand transactions sets it.
fn lending(count: u64) -> (World, Vec<Send>) {
    let mut world = World::new(0);
    let oracle = world.contract(5, "CALLDATASIZE @set JUMPI PUSH0 SLOAD PUSH0 MSTORE 32 PUSH0 RETURN set: PUSH0 CALLDATALOAD PUSH0 SSTORE");
    world.set(oracle, U256::ZERO, 1_000);
    let own = slot_of("CALLER", 1);
    let source = format!(
        "32 PUSH0 PUSH0 PUSH0 {oracle} GAS STATICCALL POP PUSH0 MLOAD {own} DUP1 SLOAD DUP3 ADD SWAP1 SSTORE"
    );
    let market = world.contract(6, &source);
    let send = |i: u64| match i % 1_000 {
        999 => call(i, oracle, word(U256::from(i))),
        _ => call(i, market, vec![]),
    };
    (world, (0..count).map(send).collect())
}

/// Creation code from Uniswap's npm packages.
pub(crate) fn published(path: &str) -> Bytes {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/node_modules/@uniswap/");
    let text = std::fs::read_to_string(format!("{root}{path}")).expect("`make setup` installs it");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let code = json["bytecode"].as_str().expect("has bytecode");
    format!("0x{}", code.trim_start_matches("0x")).parse().expect("hexadecimal")
}

/// Deploys a contract in a block of its own.
pub(crate) fn deploy(world: &mut World, from: Address, initcode: Bytes) -> Address {
    let created = transact(world, from, TxKind::Create, initcode).created;
    created.expect("a creation")
}

/// Calls a contract in a block of its own.
pub(crate) fn invoke(world: &mut World, from: Address, to: Address, input: Vec<u8>) -> Bytes {
    transact(world, from, TxKind::Call(to), input.into()).output
}

fn transact(world: &mut World, from: Address, to: TxKind, input: Bytes) -> TransactionOutcome {
    let nonce = world.state.accounts.get(&from).map_or(0, |account| account.nonce);
    let send = Send { from, to: Address::ZERO, value: 0, input, gas: 15_000_000 };
    let tx = recovered(&send, nonce, to);
    let (outcome, diff) = {
        let mut block = SerialExecutor::new(context(), &world.state).expect("in memory");
        let outcome = block.execute(&tx).expect("valid");
        assert!(outcome.receipt.status(), "{:?} {:?}", outcome.halt, outcome.output);
        (outcome, block.take_diff())
    };
    world.state.apply(&diff);
    outcome
}
