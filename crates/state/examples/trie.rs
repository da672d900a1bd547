//! What the state trie costs: build per leaf, one block's changes per account, and memory per account.
//!
//! `cargo run --profile shipped -p state --example trie [accounts …]`; without thin LTO it takes half as long again.
//! A block changes a fifth of the accounts, at most 200,000.
//! One thread is measured in processor time, which a busy machine does not change; two threads by the wall clock.

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

/// Nanoseconds by the wall clock, or of processor time of this thread where Linux tells it.
enum Clock {
    Wall(Instant),
    Processor(u128),
}

impl Clock {
    fn start(threads: usize) -> Self {
        let wall = Self::Wall(Instant::now());
        if threads == 1 { processor_time().map_or(wall, Self::Processor) } else { wall }
    }

    fn per(&self, count: usize) -> u128 {
        let elapsed = match self {
            Self::Wall(started) => started.elapsed().as_nanos(),
            Self::Processor(started) => processor_time().map_or(0, |now| now - started),
        };
        elapsed / std::cmp::max(count as u128, 1)
    }
}

fn processor_time() -> Option<u128> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

fn build(flat: &[(Address, Account)], threads: usize) -> StateTrie {
    let mut builder = StateTrieBuilder::new(threads);
    flat.iter().for_each(|(address, account)| builder.account(*address, *account));
    builder.finish()
}

fn measure(out: &mut impl Write, accounts: u64, threads: usize) -> Result<B256, Box<dyn Error>> {
    let flat: Vec<_> = (0..accounts).map(|number| (address(number), account(number, 0))).collect();
    let clock = Clock::start(threads);
    let mut trie = build(&flat, threads);
    let built = clock.per(flat.len());
    let at_start = trie.size();
    trie.set_threads(threads);

    let (mut best, mut touched) = (u128::MAX, 0);
    for number in 1..=BLOCKS {
        let diff = block(accounts, number);
        touched = diff.accounts.len();
        let clock = Clock::start(threads);
        trie.apply(&diff);
        best = std::cmp::min(best, clock.per(touched));
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
    let slot = |number: u64| U256::from_be_bytes(keccak256(number.to_be_bytes()).0);
    let flat: Vec<_> = (0..slots).map(|n| (slot(n), U256::from(n + 1))).collect();
    let clock = Clock::start(1);
    let mut builder = StateTrieBuilder::new(1);
    builder.account(address(0), contract);
    flat.iter().for_each(|(slot, value)| builder.slot(address(0), *slot, *value));
    let mut trie = builder.finish();
    let built = clock.per(flat.len());
    let memory = trie.size().memory_bytes / trie.size().slots;

    let storage = flat.iter().step_by(5).map(|(slot, value)| (*slot, value + U256::from(1)));
    let account = Some(contract);
    let change = AccountDiff { account, storage_cleared: false, storage: storage.collect() };
    let count = change.storage.len();
    let diff = StateDiff { accounts: [(address(0), change)].into(), ..StateDiff::default() };
    let clock = Clock::start(1);
    trie.apply(&diff);
    let applied = clock.per(count);
    writeln!(
        out,
        "{slots} slots of one account: build {built} ns/slot, {memory} B/slot; \
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
