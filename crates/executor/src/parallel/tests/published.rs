//! Ethereum's published state tests and a real block, through every engine: each transaction as a block of its own, and
//! all of one test after one another, with the nonces that they meet there.

use std::sync::Arc;

use alloy_primitives::Bytes;
use protocol::Transaction;
use state::StateReader;

use super::*;
use crate::{
    evm::Environment,
    testing::World,
    tests::{mainnet_block, state_tests, vectors::text},
};

/// Transactions of a test that are merged into one block.
const MERGED_MAX: usize = 64;

#[derive(Debug, Default)]
struct Report {
    single: usize,
    merged_blocks: usize,
    merged: usize,
    included: usize,
    failed: usize,
    listed: usize,
}

#[test]
fn published_state_tests_are_as_serial() {
    let mut report = Report::default();
    let is_there = state_tests::for_each(|file, name, pre, rules, posts| {
        let raws: Vec<Bytes> = posts.iter().map(|post| text(&post["txbytes"])).collect();
        // Ethereum has no bound on the gas of a transaction.
        let decode =
            |raw| protocol::decode_user_transaction(raw).and_then(RecoveredTransaction::new);
        let txs: Vec<_> = raws.iter().flat_map(|raw| decode(raw)).collect();
        run(&format!("{file} {name}"), pre, rules, txs, &mut report);
    });
    if !is_there {
        return;
    }
    eprintln!("state tests in parallel: {report:?}");
    assert!(report.single > 9_000 && report.merged > 11_000, "{report:?}");
    assert!(report.listed * 10 > report.merged_blocks * 9, "most can be listed: {report:?}");
    assert!(report.included * 2 > report.merged, "most can be included: {report:?}");
}

fn run(
    name: &str,
    pre: &MemoryState,
    rules: Environment,
    txs: Vec<RecoveredTransaction>,
    report: &mut Report,
) {
    let state = Arc::new(pre.clone());
    let mut context = World::new().context();
    context.gas_limit = rules.block.gas_limit;
    let case =
        |context, pieces| Case { context, rules: rules.clone(), state: state.clone(), pieces };
    let engines = engines();
    for tx in &txs {
        let which = report.single % engines.len();
        case(context, vec![vec![tx.clone()]]).check(&engines[which..=which], name);
        report.single += 1;
    }
    // As many as there is gas for, whatever the test's block had.
    context.gas_limit = u64::MAX / 2;
    let merged = with_nonces(&case(context, vec![txs]));
    if merged.pieces[0].is_empty() {
        return;
    }
    let which = report.merged_blocks % engines.len();
    let result = merged.check(&[engines[0].clone(), engines[which].clone()], name);
    report.listed += usize::from(merged.check_listed(&result, name));
    report.merged_blocks += 1;
    report.merged += result.verdicts.len();
    let outcomes = result.verdicts.iter().flatten();
    report.failed += outcomes
        .clone()
        .filter(|outcome| !outcome.receipt.as_receipt().status.coerce_status())
        .count();
    report.included += outcomes.count();
}

/// The same transactions, each with the nonce that its sender has when its turn comes.
fn with_nonces(case: &Case) -> Case {
    let mut block =
        SerialExecutor::with_environment(case.context, case.rules.clone(), &*case.state);
    let mut txs = Vec::new();
    // Each twice, so that it also meets what it left behind.
    let txs_of_test = case.pieces[0].iter();
    for tx in txs_of_test.clone().chain(txs_of_test).take(MERGED_MAX) {
        let sender = block.pending().account(&tx.sender).unwrap();
        let tx = with_nonce(tx, sender.map_or(0, |account| account.nonce));
        let _ = block.execute(&tx);
        txs.push(tx);
    }
    Case { pieces: vec![txs], ..case.clone() }
}

fn with_nonce(tx: &RecoveredTransaction, nonce: u64) -> RecoveredTransaction {
    use alloy_consensus::SignableTransaction;
    macro_rules! change {
        ($variant:ident, $signed:expr) => {{
            let mut inner = $signed.tx().clone();
            inner.nonce = nonce;
            Transaction::$variant(inner.into_signed(*$signed.signature()))
        }};
    }
    let changed = match &tx.tx {
        Transaction::Legacy(signed) => change!(Legacy, signed),
        Transaction::Eip2930(signed) => change!(Eip2930, signed),
        Transaction::Eip1559(signed) => change!(Eip1559, signed),
        Transaction::Eip7702(signed) => change!(Eip7702, signed),
        other => other.clone(),
    };
    RecoveredTransaction::from_parts(changed, tx.sender)
}

#[test]
fn mainnet_block_25323281_is_as_serial() {
    let Some((state, rules, txs)) = mainnet_block::read() else { return };
    let mut context = World::new().context();
    context.gas_limit = u64::MAX / 2;
    let state = Arc::new(state);
    let mut case = Case { context, rules, state, pieces: vec![txs.clone()] };
    // More than once, because engines learn and then do otherwise.
    for round in 0..3 {
        let result = case.check(engines(), &format!("round {round}"));
        assert_eq!((result.verdicts.len(), result.gas_used), (169, 18_866_171));
        assert!(result.verdicts.iter().all(Result::is_ok));
        assert!(case.check_listed(&result, "by its list"));
    }
    case.pieces = txs.chunks(40).map(<[_]>::to_vec).collect();
    case.check(engines(), "in four sub-blocks");
}
