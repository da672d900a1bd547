//! Random blocks that aim at conflicts.
//!
//! `BRAID_RANDOM_TRANSACTIONS` asks for more than the million of every run (`make random` for 10⁸), `BRAID_RANDOM_SEED`
//! repeats a run.

use super::{engines, world::Maker};
use alloy_consensus::TxReceipt as _;

const TRANSACTIONS: u64 = 1_000_000;
const BLOCK: u64 = 160;

/// One in so many blocks is executed by its access list as well, and by wrong ones.
const LISTED_SHARE: usize = 4;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect(name))
}

#[test]
fn random_blocks_are_as_serial() {
    let seed = setting("BRAID_RANDOM_SEED").unwrap_or_else(|| {
        // Another one in every run; it is printed.
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(0)
    });
    let wanted = setting("BRAID_RANDOM_TRANSACTIONS").unwrap_or(TRANSACTIONS);
    eprintln!("BRAID_RANDOM_SEED={seed}");
    let (mut maker, engines) = (Maker::new(seed), engines());
    let (mut executed, mut included, mut failed, mut block) = (0, 0, 0, 0usize);
    let (mut listed, mut told) = ((0, 0), 0);
    while executed < wanted {
        let case = maker.case(BLOCK);
        // Two kinds of engines a block, all of them in turn; more threads than cores are slower.
        let chosen = [&engines[0], &engines[block % engines.len()]].map(Clone::clone);
        let chosen = if block % engines.len() == 0 { &chosen[..1] } else { &chosen[..] };
        let result = case.check(chosen, &format!("block {block} of seed {seed}"));
        if block % LISTED_SHARE == 0 {
            let what = format!("block {block} of seed {seed}, by its list");
            listed.0 += usize::from(case.check_listed(&result, &what));
            listed.1 += 1;
        }
        executed += result.verdicts.len() as u64;
        let outcomes = result.verdicts.iter().flatten();
        failed += outcomes.clone().filter(|outcome| !outcome.receipt.status()).count();
        included += outcomes.count();
        block += 1;
        if executed / TRANSACTIONS > told {
            told = executed / TRANSACTIONS;
            eprintln!("{told} million");
        }
    }
    eprintln!(
        "{executed} transactions in {block} blocks: {included} included, {failed} of them failed"
    );
    eprintln!("{} of {} access lists were of use", listed.0, listed.1);
    assert!(listed.0 * 2 > listed.1, "most lists are of use: {listed:?}");
    assert!(included as u64 > wanted / 3, "most of the generator's transactions are of use");
    assert!(failed as u64 > wanted / 100, "some of them fail");
}
