//! What the batcher counts.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::limit::{PayloadMean, PostingLimit};

/// Registers the descriptions of all metrics below.
pub(crate) fn describe() {
    describe_counter!("braid_batcher_batches_total", "batches handed to the L1 sender");
    describe_counter!("braid_batcher_blocks_total", "blocks that are in them as a whole");
    describe_counter!("braid_batcher_transactions_total", "user transactions in them");
    describe_counter!("braid_batcher_raw_bytes_total", "bytes of these transactions");
    describe_counter!("braid_batcher_payload_bytes_total", "bytes of batches as they are posted");
    describe_histogram!(
        "braid_batcher_compress_seconds",
        "compressing a batch and decoding it again"
    );
    describe_gauge!("braid_batcher_backlog_blocks", "sealed blocks that are in no batch");
    describe_gauge!("braid_batcher_rests", "1 while posting waits for the end of a load");
    describe_gauge!("braid_batcher_posted_block", "newest block in a batch");
    describe_counter!("braid_batcher_reposted_total", "batches that had to be made again");
    describe_gauge!("braid_l1_balance_ether", "what an account that sends to L1 has");
    describe_gauge!(
        "braid_batcher_l1_limit_bytes",
        "bytes of batches that L1 carries a second: for long (sustained), for a while (most)"
    );
    describe_gauge!(
        "braid_batcher_l1_limit_transactions",
        "the same in transactions like those posted last: a faster chain is posted later"
    );
}

/// A batch went to the outbox.
pub(crate) fn batch_made(blocks: u64, transactions: usize, raw_bytes: usize, payload_bytes: usize) {
    counter!("braid_batcher_batches_total").increment(1);
    counter!("braid_batcher_blocks_total").increment(blocks);
    counter!("braid_batcher_transactions_total").increment(transactions as u64);
    counter!("braid_batcher_raw_bytes_total").increment(raw_bytes as u64);
    counter!("braid_batcher_payload_bytes_total").increment(payload_bytes as u64);
}

/// A batch was compressed, as often as it takes to find the smallest form, and decoded again.
pub(crate) fn compressed(elapsed: std::time::Duration) {
    histogram!("braid_batcher_compress_seconds").record(elapsed);
}

/// How far posting is behind the chain.
pub(crate) fn backlog(blocks: u64) {
    gauge!("braid_batcher_backlog_blocks").set(to_f64(blocks));
}

/// Whether posting waits for the end of a load.
pub(crate) fn rests(rests: bool) {
    gauge!("braid_batcher_rests").set(if rests { 1.0 } else { 0.0 });
}

/// What L1 carries, and how many transactions that is.
pub(crate) fn posting_limit(limit: Option<PostingLimit>, mean: PayloadMean) {
    let Some(limit) = limit else { return };
    for (bound, bytes) in [("sustained", limit.sustained), ("most", limit.most)] {
        gauge!("braid_batcher_l1_limit_bytes", "bound" => bound).set(bytes);
        if let Some(each) = mean.bytes() {
            gauge!("braid_batcher_l1_limit_transactions", "bound" => bound).set(bytes / each);
        }
    }
}

/// The newest block in a batch of the outbox.
pub(crate) fn posted_to(block: u64) {
    gauge!("braid_batcher_posted_block").set(to_f64(block));
}

/// A batch had to be made again.
pub(crate) fn reposted() {
    counter!("braid_batcher_reposted_total").increment(1);
}

/// What the account of `role` has on L1, in ether.
pub(crate) fn l1_balance(role: &'static str, wei: alloy::primitives::U256) {
    let milliether = wei / alloy::primitives::U256::from(1_000_000_000_000_000_u64);
    let milliether = u64::try_from(milliether).unwrap_or(u64::MAX);
    gauge!("braid_l1_balance_ether", "role" => role).set(to_f64(milliether) / 1_000.0);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are for people; block numbers stay below 2^53"
)]
const fn to_f64(value: u64) -> f64 {
    value as f64
}
