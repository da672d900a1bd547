//! What the state trie costs: build per leaf, one block's changes per account, and memory per account.
//!
//! `cargo run --release -p state --example trie [accounts …]`. A block changes a fifth of the accounts, at most 200,000.

use alloy_primitives::{Address, B256, U256, keccak256};
use state::{Account, AccountDiff, StateDiff, StateTrie, StateTrieBuilder};
use std::{error::Error, io::Write, time::Instant};

const BLOCKS: u64 = 5;

fn address(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

fn account(number: u64, block: u64) -> Account {
    // Balances are long, as real ones are.
    let balance = U256::from(1_000_000_007 * (number + 1)) * U256::from(1_000_000_000 + block);
    Account { nonce: block, balance, ..Account::default() }
}

/// Changes accounts spread over all that are there.
fn block(accounts: u64, block: u64) -> StateDiff {
    let touched = std::cmp::min(accounts / 5, 200_000);
    let numbers = (0..touched).map(|i| (i.wrapping_mul(2_654_435_761) + block * 7919) % accounts);
    let changes = numbers.map(|number| {
        let change =
            AccountDiff { account: Some(account(number, block)), ..AccountDiff::default() };
        (address(number), change)
    });
    StateDiff { accounts: changes.collect(), ..StateDiff::default() }
}

fn per(started: Instant, count: usize) -> u128 {
    started.elapsed().as_nanos() / std::cmp::max(count as u128, 1)
}

fn build(flat: &[(Address, Account)], threads: usize) -> StateTrie {
    let mut builder = StateTrieBuilder::new(threads);
    flat.iter().for_each(|(address, account)| builder.account(*address, *account));
    builder.finish()
}

fn measure(out: &mut impl Write, accounts: u64, threads: usize) -> Result<B256, Box<dyn Error>> {
    let flat: Vec<_> = (0..accounts).map(|number| (address(number), account(number, 0))).collect();
    let started = Instant::now();
    let mut trie = build(&flat, threads);
    let built = per(started, flat.len());
    let at_start = trie.size();
    trie.set_threads(threads);

    let (mut best, mut touched) = (u128::MAX, 0);
    for number in 1..=BLOCKS {
        let diff = block(accounts, number);
        touched = diff.accounts.len();
        let started = Instant::now();
        trie.apply(&diff);
        best = std::cmp::min(best, per(started, touched));
    }
    let size = trie.size();
    writeln!(
        out,
        "{accounts} accounts, {threads} threads: build {built} ns/leaf, {} B/account; \
         {touched} changed at {best} ns each (best of {BLOCKS} blocks); afterwards {} B/account",
        at_start.memory_bytes / at_start.accounts,
        size.memory_bytes / size.accounts,
    )?;
    Ok(trie.root())
}

/// The same with slots of one contract.
fn measure_slots(out: &mut impl Write, slots: u64) -> Result<(), Box<dyn Error>> {
    let contract = Account { nonce: 1, code_hash: keccak256("code"), ..Account::default() };
    let mut builder = StateTrieBuilder::new(1);
    builder.account(address(0), contract);
    let started = Instant::now();
    for slot in 0..slots {
        builder.slot(
            address(0),
            U256::from_be_bytes(keccak256(slot.to_be_bytes()).0),
            U256::from(slot + 1),
        );
    }
    let mut trie = builder.finish();
    let built = started.elapsed().as_nanos() / u128::from(slots);
    let memory = trie.size().memory_bytes / trie.size().slots;
    let changed = (0..slots / 5).map(|slot| slot * 5 % slots);
    let storage = changed
        .map(|slot| (U256::from_be_bytes(keccak256(slot.to_be_bytes()).0), U256::from(slot + 2)));
    let change =
        AccountDiff { account: Some(contract), storage_cleared: false, storage: storage.collect() };
    let count = change.storage.len();
    let diff = StateDiff { accounts: [(address(0), change)].into(), ..StateDiff::default() };
    let started = Instant::now();
    trie.apply(&diff);
    let applied = per(started, count);
    writeln!(
        out,
        "{slots} slots of one account: build {built} ns/slot (with making them), {memory} B/slot; \
         {count} changed at {applied} ns each"
    )?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut sizes =
        std::env::args().skip(1).map(|size| size.parse()).collect::<Result<Vec<u64>, _>>()?;
    if sizes.is_empty() {
        sizes = vec![100_000, 1_000_000];
    }
    let mut out = std::io::stdout();
    for accounts in sizes {
        let roots = [measure(&mut out, accounts, 1)?, measure(&mut out, accounts, 2)?];
        assert_eq!(roots[0], roots[1], "the root does not depend on threads");
        measure_slots(&mut out, accounts)?;
    }
    Ok(())
}
