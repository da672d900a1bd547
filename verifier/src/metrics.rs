//! What the verifier measures. One function per event, so that names and units stand in one place.
//!
//! Base units in the names, no rates. `describe` gives the descriptions to the exporter.

use std::time::Duration;

use dispute::{GameSummary, Level};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Registers the descriptions of all metrics below.
pub(crate) fn describe() {
    describe_gauge!("braid_verifier_l1_block_number", "newest L1 block that was derived from");
    describe_gauge!("braid_verifier_l1_head_number", "newest L1 block known");
    describe_gauge!("braid_verifier_safe_block_number", "newest derived L2 block");
    describe_gauge!("braid_verifier_finalized_block_number", "newest one from finalized L1");
    describe_gauge!("braid_verifier_agreed_block_number", "newest proposed block agreed with");
    describe_gauge!("braid_verifier_proposals_pending", "proposals not judged yet");
    describe_gauge!(
        "braid_verifier_proposals_underivable",
        "of them, those that cannot be judged for long"
    );
    describe_counter!("braid_verifier_proposals_agreed_total", "proposals judged to be true");
    describe_counter!("braid_verifier_proposals_disagreed_total", "proposals judged to be wrong");
    describe_gauge!("braid_verifier_disagreement", "wrong proposals on L1 now; above zero is bad");
    describe_counter!("braid_verifier_blocks_executed_total", "derived blocks executed");
    describe_counter!("braid_verifier_gas_executed_total", "gas of derived blocks");
    describe_counter!(
        "braid_verifier_listed_blocks_total",
        "blocks executed by their access lists"
    );
    describe_counter!("braid_verifier_wrong_lists_total", "access lists that were of no use");
    describe_histogram!("braid_verifier_execute_seconds", "execution and roots of one block");
    describe_histogram!("braid_verifier_write_seconds", "writing one block to Postgres");
    describe_counter!("braid_verifier_write_failures_total", "writes to Postgres that failed");
    describe_gauge!("braid_verifier_kept_blobs_bytes", "blobs that are kept for disputes");
    describe_counter!(
        "braid_verifier_blobs_not_kept_total",
        "blobs for which there was no room; above zero is bad"
    );
    describe_gauge!("braid_verifier_disputes_open", "disputes, and proposals to be disputed");
    describe_gauge!(
        "braid_verifier_dispute_time_left_seconds",
        "least time left on a clock of ours"
    );
    describe_gauge!(
        "braid_verifier_dispute_clock_seconds",
        "time left on the clocks of our matches, by proposal, level and side; infinite when it is over"
    );
    describe_gauge!("braid_verifier_dispute_stake_ether", "what our commitments have at stake");
    describe_counter!("braid_verifier_dispute_moves_total", "moves handed to the L1 sender");
    describe_counter!(
        "braid_verifier_dispute_moves_missed_total",
        "moves that are asked for and not made"
    );
    describe_counter!("braid_verifier_absent_batches_total", "posted batches that count as absent");
    describe_counter!("braid_verifier_l1_reorgs_total", "L1 reorgs followed");
    describe_counter!("braid_verifier_l1_failures_total", "L1 reads that failed");
    describe_gauge!("braid_proposer_proposed_block", "newest block that is proposed on L1");
    describe_counter!("braid_proposer_proposed_again_total", "proposals that had to be made again");
}

pub(crate) fn executed(elapsed: Duration, gas: u64) {
    histogram!("braid_verifier_execute_seconds").record(elapsed);
    counter!("braid_verifier_blocks_executed_total").increment(1);
    counter!("braid_verifier_gas_executed_total").increment(gas);
}

/// An access list was tried.
pub(crate) fn listed(is_of_use: bool) {
    if is_of_use {
        counter!("braid_verifier_listed_blocks_total").increment(1);
    } else {
        counter!("braid_verifier_wrong_lists_total").increment(1);
    }
}

pub(crate) fn written(elapsed: Duration) {
    histogram!("braid_verifier_write_seconds").record(elapsed);
}

pub(crate) fn write_failed() {
    counter!("braid_verifier_write_failures_total").increment(1);
}

pub(crate) fn heads(l1: u64, l1_head: u64, safe: u64, finalized: u64) {
    gauge!("braid_verifier_l1_block_number").set(l1 as f64);
    gauge!("braid_verifier_l1_head_number").set(l1_head as f64);
    gauge!("braid_verifier_safe_block_number").set(safe as f64);
    gauge!("braid_verifier_finalized_block_number").set(finalized as f64);
}

pub(crate) fn judged(agrees: bool) {
    if agrees {
        counter!("braid_verifier_proposals_agreed_total").increment(1);
    } else {
        counter!("braid_verifier_proposals_disagreed_total").increment(1);
    }
}

pub(crate) fn proposals(agreed_to: u64, pending: usize, underivable: usize, disagreed: usize) {
    gauge!("braid_verifier_agreed_block_number").set(agreed_to as f64);
    gauge!("braid_verifier_proposals_pending").set(pending as f64);
    gauge!("braid_verifier_proposals_underivable").set(underivable as f64);
    gauge!("braid_verifier_disagreement").set(disagreed as f64);
}

pub(crate) fn absent_batch() {
    counter!("braid_verifier_absent_batches_total").increment(1);
}

pub(crate) fn reorg() {
    counter!("braid_verifier_l1_reorgs_total").increment(1);
}

pub(crate) fn l1_failed() {
    counter!("braid_verifier_l1_failures_total").increment(1);
}

/// How much is kept for disputes.
pub(crate) fn blobs_kept(bytes: u64) {
    gauge!("braid_verifier_kept_blobs_bytes").set(bytes as f64);
}

/// There was no room for these.
pub(crate) fn blobs_not_kept(count: usize) {
    counter!("braid_verifier_blobs_not_kept_total").increment(count as u64);
}

/// The newest block that is proposed.
pub(crate) fn proposed_to(block: u64) {
    gauge!("braid_proposer_proposed_block").set(block as f64);
}

/// A proposal failed, or is gone, and is made again.
pub(crate) fn proposed_again() {
    counter!("braid_proposer_proposed_again_total").increment(1);
}

/// What the account of `role` has on L1, in ether.
pub(crate) fn l1_balance(role: &'static str, wei: alloy::primitives::U256) {
    let milliether = wei / alloy::primitives::U256::from(1_000_000_000_000_000_u64);
    let milliether = u64::try_from(milliether).unwrap_or(u64::MAX);
    gauge!("braid_l1_balance_ether", "role" => role).set(milliether as f64 / 1_000.0);
}

/// A move was handed to the L1 sender.
pub(crate) fn moved(name: &'static str) {
    counter!("braid_verifier_dispute_moves_total", "move" => name).increment(1);
}

/// A move has to be made and is not.
pub(crate) fn not_moved() {
    counter!("braid_verifier_dispute_moves_missed_total").increment(1);
}

/// The open disputes, and those of before. Without a clock of ours that runs there is no end of time.
pub(crate) fn games(games: &[GameSummary], before: &[GameSummary]) {
    let clock = |game: &GameSummary, level: Level, is_theirs: bool| {
        let side = if is_theirs { "theirs" } else { "ours" };
        let labels = [
            ("proposal", game.proposal.to_string()),
            ("level", level.name().to_owned()),
            ("side", side.to_owned()),
        ];
        gauge!("braid_verifier_dispute_clock_seconds", &labels)
    };
    for game in before {
        game.clocks().for_each(|(level, side, _)| clock(game, level, side).set(f64::INFINITY));
    }
    for game in games {
        game.clocks().for_each(|(level, side, left)| clock(game, level, side).set(left as f64));
    }
    let left = games.iter().filter_map(GameSummary::our_time).min();
    let stake = games.iter().fold(0.0, |sum, game| sum + f64::from(game.stake));
    gauge!("braid_verifier_disputes_open").set(games.len() as f64);
    gauge!("braid_verifier_dispute_time_left_seconds")
        .set(left.map_or(f64::INFINITY, |left| left as f64));
    gauge!("braid_verifier_dispute_stake_ether").set(stake / 1e18);
}
