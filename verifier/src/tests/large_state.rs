//! What it costs to make the trie of an older state, as a dispute over a large state does: time, and memory beside the
//! verifier's own trie. Among the other tests the state is small, and only what comes out counts; a large one takes minutes
//! (`docs/adr/0019-a-segments-run-is-looked-up.md`):
//!
//! ```sh
//! LARGE_STATE_ACCOUNTS=1000000 cargo test -p verifier --lib large_state -- --nocapture
//! ```

use std::{fs, io::Write, time::Duration, time::Instant};

use alloy::primitives::{Address, KECCAK256_EMPTY, U256, keccak256};
use db::{
    BlockRecord, Bodies, CurrentState, Fence, Index, Leases, Role, WithdrawalNodes,
    testing::TestDatabase,
};
use protocol::Header;
use state::{Account, AccountDiff, StateDiff};

use crate::segment::trie_after;

/// Accounts that a block brings while the state is made.
const ACCOUNTS_PER_BLOCK: u64 = 10_000;
/// Accounts where nobody asks for more.
const ACCOUNTS_USUAL: u64 = 20_000;
/// Blocks that are gone back, and the most accounts that each of them has changed.
const BACK_BLOCKS: u64 = 128;
const CHANGED_PER_BLOCK_MAX: u64 = 1_000;
const THREADS: usize = 2;

fn address(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

fn holding(balance: u64) -> AccountDiff {
    let balance = U256::from(balance);
    let account = Account { nonce: 1, balance, code_hash: KECCAK256_EMPTY };
    AccountDiff { account: Some(account), ..AccountDiff::default() }
}

/// A chain of blocks that hold nothing but their diffs.
struct Chain {
    index: Index,
    fence: Fence,
    parent: Header,
}

impl Chain {
    async fn push(&mut self, diff: StateDiff, undo: StateDiff) {
        let number = self.parent.number + 1;
        let header = Header { number, parent_hash: self.parent.hash_slow(), ..Header::default() };
        let record = BlockRecord {
            hash: header.hash_slow(),
            header: header.clone(),
            bodies: Bodies::default(),
            receipts: Vec::new(),
            diff,
            undo,
            access_list: None,
        };
        self.index
            .write(self.fence, &record.pack().unwrap(), &WithdrawalNodes::default())
            .await
            .unwrap();
        self.parent = header;
    }
}

/// The memory of this process in MiB: what it has now, and the most since the last call.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
    };
    let both = (of("VmRSS"), of("VmHWM"));
    // Where that is not allowed, the most is that of the whole test.
    let _ = fs::write("/proc/self/clear_refs", "5");
    both
}

fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").unwrap();
}

/// A state of so many accounts, and then blocks that change some of them.
async fn fill(test: &TestDatabase, fence: Fence, accounts: u64) -> u64 {
    let index = Index::new(test.database.clone());
    let genesis = BlockRecord {
        hash: Header::default().hash_slow(),
        header: Header::default(),
        bodies: Bodies::default(),
        receipts: Vec::new(),
        diff: StateDiff::default(),
        undo: StateDiff::default(),
        access_list: None,
    };
    index.write(fence, &genesis.pack().unwrap(), &WithdrawalNodes::default()).await.unwrap();
    let mut chain = Chain { index, fence, parent: genesis.header };
    for first in (0..accounts).step_by(usize::try_from(ACCOUNTS_PER_BLOCK).unwrap()) {
        let (mut diff, mut undo) = (StateDiff::default(), StateDiff::default());
        for number in first..std::cmp::min(accounts, first + ACCOUNTS_PER_BLOCK) {
            diff.accounts.insert(address(number), holding(number));
            undo.accounts.insert(address(number), AccountDiff::gone());
        }
        chain.push(diff, undo).await;
    }
    // Each account is changed once at most, so what it had is known.
    let changes = std::cmp::min(CHANGED_PER_BLOCK_MAX, accounts / BACK_BLOCKS);
    for block in 0..BACK_BLOCKS {
        let (mut diff, mut undo) = (StateDiff::default(), StateDiff::default());
        for number in block * changes..(block + 1) * changes {
            diff.accounts.insert(address(number), holding(number + accounts));
            undo.accounts.insert(address(number), holding(number));
        }
        chain.push(diff, undo).await;
    }
    let tip = chain.parent.number;
    let state = CurrentState::new(test.database.clone());
    while state.advance(16).await.unwrap() < Some(tip) {}
    tip
}

#[tokio::test(flavor = "multi_thread")]
async fn large_state_under_a_dispute() {
    let accounts = std::env::var("LARGE_STATE_ACCOUNTS").ok();
    let accounts = accounts.map_or(ACCOUNTS_USUAL, |text| text.parse::<u64>().unwrap());
    assert!(accounts >= BACK_BLOCKS, "each block changes an account of its own");
    let test = TestDatabase::create().await;
    let leases = Leases::new(test.database.clone());
    let hour = Duration::from_secs(3_600);
    let fence = leases.lead(Role::Verifier, "test", hour).await.unwrap();
    let started = Instant::now();
    let tip = fill(&test, fence, accounts).await;
    say(&format!("{accounts} accounts made in {:.1} s", started.elapsed().as_secs_f64()));

    let before = memory().0;
    let started = Instant::now();
    let mut own = trie_after(&test.database, tip, THREADS).await.unwrap();
    let root = own.root();
    let (now, most) = memory();
    let seconds = started.elapsed().as_secs_f64();
    say(&format!(
        "the verifier's own: {seconds:.1} s, {} MiB, at most {}",
        now.saturating_sub(before),
        most.saturating_sub(before)
    ));

    let (held, started) = (now, Instant::now());
    let older = trie_after(&test.database, tip - BACK_BLOCKS, THREADS).await.unwrap();
    let older_root = older.root();
    let (now, most) = memory();
    let seconds = started.elapsed().as_secs_f64();
    say(&format!(
        "{BACK_BLOCKS} blocks back: {seconds:.1} s, {} MiB beside it, at most {}",
        now.saturating_sub(held),
        most.saturating_sub(held)
    ));
    assert_ne!(older_root, root);
    let index = Index::new(test.database.clone());
    own.apply(&index.undo_between(tip - BACK_BLOCKS, tip).await.unwrap());
    assert_eq!(own.root(), older_root, "both ways lead to one state");
}
