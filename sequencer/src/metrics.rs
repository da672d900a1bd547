//! What the sequencer measures. One function per event, so that names and units stand in one place.
//!
//! Base units in the names, no rates. `describe` gives the descriptions to the exporter.

use std::time::Duration;

use db::Sequencing;
use executor::parallel::RunReport;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::{chain::ChainBlock, mempool::MempoolSize};

/// Registers the descriptions of all metrics below.
pub(crate) fn describe() {
    describe_waiting();
    describe_check();
    describe_histogram!("braid_sequencer_execute_seconds", "execution of one sub-block");
    describe_counter!("braid_sequencer_executed_total", "transactions tried by the builder");
    describe_counter!(
        "braid_sequencer_executions_total",
        "transactions by how they ran: in_turn, apart, ahead, at_head, again (first in vain)"
    );
    describe_counter!(
        "braid_sequencer_unexpected_total",
        "transactions run ahead that touched what nobody had expected"
    );
    describe_counter!(
        "braid_sequencer_critical_gas_total",
        "gas of the longest chains of transactions that waited for one another"
    );
    describe_gauge!(
        "braid_sequencer_worker_utilisation",
        "share of their time that the workers executed in the last block"
    );
    describe_counter!("braid_sequencer_interrupted_total", "executions that a failed read stopped");
    describe_histogram!("braid_sequencer_recovery_seconds", "decoding and senders of a chunk");
    describe_histogram!("braid_sequencer_root_seconds", "hashing the diff of one sub-block");
    describe_histogram!(
        "braid_sequencer_body_seconds",
        "hashing the transactions and receipts of one sub-block"
    );
    describe_histogram!("braid_sequencer_seal_seconds", "the rest of the roots, and the header");
    describe_histogram!("braid_sequencer_close_seconds", "from closing a block to its header");
    describe_histogram!("braid_sequencer_block_seconds", "from opening a block to its header");
    describe_gauge!("braid_sequencer_block_number", "newest sealed block");
    describe_gauge!("braid_sequencer_block_timestamp_seconds", "timestamp of that block");
    describe_counter!("braid_sequencer_gas_total", "gas of sealed blocks");
    describe_counter!("braid_sequencer_transactions_total", "transactions of sealed blocks");
    describe_histogram!("braid_sequencer_journal_seconds", "append of one row, retries included");
    describe_counter!("braid_sequencer_journal_transactions_total", "transactions made durable");
    describe_counter!("braid_sequencer_journal_failures_total", "appends that failed");
    describe_gauge!("braid_sequencer_journal_queue", "rows and blocks that wait for the journal");
    describe_histogram!("braid_sequencer_index_seconds", "writing one block to the index");
    describe_counter!("braid_sequencer_index_failures_total", "index writes that failed");
    describe_gauge!("braid_sequencer_index_lag_blocks", "sealed blocks that are not indexed");
    describe_gauge!("braid_sequencer_index_lag_bytes", "their transactions");
    describe_gauge!(
        "braid_sequencer_projection_lag_blocks",
        "blocks since the start that are not projected"
    );
    describe_gauge!("braid_sequencer_projection_lag_bytes", "their transactions");
    describe_gauge!("braid_sequencer_safe_block_number", "safe head");
    describe_gauge!("braid_sequencer_posting_late", "1 while blocks wait for posting to catch up");
    describe_gauge!(
        "braid_sequencer_unsafe_bytes",
        "Bytes of user transactions in blocks that are not safe"
    );
    describe_gauge!(
        "braid_sequencer_unsafe_bytes_max",
        "How many of them there may be before blocks stay empty: as posting is going now"
    );
    describe_gauge!(
        "braid_sequencer_block_bytes_max",
        "Bytes of user transactions that posting leaves to the open block"
    );
    describe_gauge!("braid_sequencer_finalized_block_number", "finalized head");
    describe_counter!("braid_sequencer_resets_total", "times that L1 took blocks back");
    describe_counter!("braid_sequencer_l1_failures_total", "L1 reads that failed");
}

/// Those of executing sealed blocks again.
fn describe_check() {
    describe_histogram!(
        "braid_sequencer_check_seconds",
        "executing a sealed block again, serially, beside the building of others"
    );
    describe_counter!("braid_sequencer_checked_total", "transactions executed again");
    describe_counter!(
        "braid_sequencer_unchecked_total",
        "transactions of blocks that were not executed again, because the rate of that is bounded"
    );
    describe_counter!("braid_sequencer_access_list_bytes_total", "access lists written, in bytes");
    describe_counter!(
        "braid_sequencer_check_differences_total",
        "blocks that differed from their serial execution and were built again; must stay zero"
    );
}

/// Those of transactions that have no place yet.
fn describe_waiting() {
    describe_gauge!(
        "braid_sequencer_sequencing",
        "1 for what the operator wants: active, draining, stopped"
    );
    describe_counter!("braid_sequencer_rejected_total", "transactions refused, by reason");
    describe_counter!("braid_sequencer_refused_total", "work beyond a quota, by reason");
    describe_counter!("braid_sequencer_admitted_total", "transactions let in");
    describe_histogram!("braid_sequencer_admission_seconds", "admission of one chunk");
    describe_gauge!("braid_sequencer_mempool_transactions", "waiting transactions");
    describe_gauge!("braid_sequencer_mempool_executable", "of them, those without a gap");
    describe_gauge!("braid_sequencer_mempool_bytes", "their bytes");
}

pub(crate) fn executed(elapsed: Duration, transactions: usize) {
    histogram!("braid_sequencer_execute_seconds").record(elapsed);
    counter!("braid_sequencer_executed_total").increment(count(transactions));
}

/// A sealed block was executed again.
pub(crate) fn checked(elapsed: Duration, transactions: usize) {
    histogram!("braid_sequencer_check_seconds").record(elapsed);
    counter!("braid_sequencer_checked_total").increment(count(transactions));
}

/// An access list was written.
pub(crate) fn access_list(bytes: usize) {
    counter!("braid_sequencer_access_list_bytes_total").increment(count(bytes));
}

/// A sealed block was not executed again.
pub(crate) fn unchecked(transactions: usize) {
    counter!("braid_sequencer_unchecked_total").increment(count(transactions));
}

/// A sealed block differed from its serial execution.
pub(crate) fn check_differed() {
    counter!("braid_sequencer_check_differences_total").increment(1);
}

pub(crate) fn interrupted() {
    counter!("braid_sequencer_interrupted_total").increment(1);
}

pub(crate) fn root_applied(elapsed: Duration) {
    histogram!("braid_sequencer_root_seconds").record(elapsed);
}

pub(crate) fn body_hashed(elapsed: Duration) {
    histogram!("braid_sequencer_body_seconds").record(elapsed);
}

/// A block was sealed.
pub(crate) fn sealed(elapsed: Duration) {
    histogram!("braid_sequencer_seal_seconds").record(elapsed);
}

/// How the transactions of a block were executed.
fn execution(report: &RunReport) {
    for (how, number) in [
        ("in_turn", report.in_turn),
        ("apart", report.apart),
        ("ahead", report.ahead),
        ("at_head", report.at_head),
        ("again", report.again),
    ] {
        counter!("braid_sequencer_executions_total", "how" => how).increment(number);
    }
    counter!("braid_sequencer_unexpected_total").increment(report.unexpected);
    counter!("braid_sequencer_critical_gas_total").increment(report.critical_gas);
    gauge!("braid_sequencer_worker_utilisation").set(if report.available.is_zero() {
        0.0
    } else {
        report.busy.as_secs_f64() / report.available.as_secs_f64()
    });
}

pub(crate) fn block_built(close: Duration, whole: Duration, block: &ChainBlock) {
    execution(&block.execution);
    histogram!("braid_sequencer_close_seconds").record(close);
    histogram!("braid_sequencer_block_seconds").record(whole);
    gauge!("braid_sequencer_block_number").set(block.number() as f64);
    gauge!("braid_sequencer_block_timestamp_seconds").set(block.header.timestamp as f64);
    counter!("braid_sequencer_gas_total").increment(block.header.gas_used);
    counter!("braid_sequencer_transactions_total").increment(count(block.transactions.len()));
}

pub(crate) fn journaled(elapsed: Duration, transactions: usize) {
    histogram!("braid_sequencer_journal_seconds").record(elapsed);
    counter!("braid_sequencer_journal_transactions_total").increment(count(transactions));
}

pub(crate) fn journal_failed() {
    counter!("braid_sequencer_journal_failures_total").increment(1);
}

pub(crate) fn journal_queue(waiting: usize) {
    gauge!("braid_sequencer_journal_queue").set(waiting as f64);
}

pub(crate) fn indexed(elapsed: Duration) {
    histogram!("braid_sequencer_index_seconds").record(elapsed);
}

pub(crate) fn index_failed() {
    counter!("braid_sequencer_index_failures_total").increment(1);
}

pub(crate) fn projection_lag(blocks: usize, bytes: usize) {
    gauge!("braid_sequencer_projection_lag_blocks").set(blocks as f64);
    gauge!("braid_sequencer_projection_lag_bytes").set(bytes as f64);
}

pub(crate) fn index_lag(blocks: u64, bytes: usize) {
    gauge!("braid_sequencer_index_lag_blocks").set(blocks as f64);
    gauge!("braid_sequencer_index_lag_bytes").set(bytes as f64);
}

pub(crate) fn recovered(elapsed: Duration) {
    histogram!("braid_sequencer_recovery_seconds").record(elapsed);
}

pub(crate) fn admitted(elapsed: Duration, admitted: usize) {
    histogram!("braid_sequencer_admission_seconds").record(elapsed);
    counter!("braid_sequencer_admitted_total").increment(count(admitted));
}

pub(crate) fn rejected(reason: &'static str) {
    counter!("braid_sequencer_rejected_total", "reason" => reason).increment(1);
}

pub(crate) fn refused(reason: &'static str) {
    counter!("braid_sequencer_refused_total", "reason" => reason).increment(1);
}

pub(crate) fn mempool(size: MempoolSize) {
    gauge!("braid_sequencer_mempool_transactions").set(size.transactions as f64);
    gauge!("braid_sequencer_mempool_executable").set(size.executable as f64);
    gauge!("braid_sequencer_mempool_bytes").set(size.bytes as f64);
}

pub(crate) fn heads(safe: u64, finalized: u64) {
    gauge!("braid_sequencer_safe_block_number").set(safe as f64);
    gauge!("braid_sequencer_finalized_block_number").set(finalized as f64);
}

/// What becomes of user transactions: one of these series is 1.
pub(crate) fn sequencing(now: Sequencing) {
    for state in Sequencing::ALL {
        let is = if state == now { 1.0 } else { 0.0 };
        gauge!("braid_sequencer_sequencing", "state" => state.word()).set(is);
    }
}

pub(crate) fn reset() {
    counter!("braid_sequencer_resets_total").increment(1);
}

pub(crate) fn l1_failed() {
    counter!("braid_sequencer_l1_failures_total").increment(1);
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What waits for posting, how much may, what that leaves to a block, and whether it is nothing.
pub(crate) fn posting(unsafe_bytes: usize, bytes_max: usize, block_bytes_max: usize, late: bool) {
    gauge!("braid_sequencer_unsafe_bytes").set(unsafe_bytes as f64);
    gauge!("braid_sequencer_unsafe_bytes_max").set(bytes_max as f64);
    gauge!("braid_sequencer_block_bytes_max").set(block_bytes_max as f64);
    gauge!("braid_sequencer_posting_late").set(if late { 1.0 } else { 0.0 });
}
