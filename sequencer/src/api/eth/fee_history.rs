//! `eth_feeHistory` and the prices that wallets are told. Pure: blocks in, numbers out.

use alloy::{primitives::U256, rpc::types::FeeHistory};

use crate::chain::ChainBlock;

/// The tip that is suggested when recent blocks say nothing: enough to be taken while blocks are not full.
pub(super) const TIP_SUGGESTED_MIN: u128 = 1_000_000;
/// Recent blocks that the suggested tip is taken from.
pub(super) const TIP_BLOCKS: u64 = 20;
/// Blocks fuller than this share of their gas limit, in percent, make the tip rise above the minimum.
const BUSY_PERCENT: u64 = 50;
/// The percentile of tips that is suggested when blocks are busy.
const BUSY_PERCENTILE: f64 = 60.0;

/// Gas used and tip of the user transactions of a block, sorted by tip.
fn tips(block: &ChainBlock) -> Vec<(u128, u64)> {
    let base_fee = u128::from(block.header.base_fee_per_gas.unwrap_or_default());
    let mut tips: Vec<_> = block
        .user_transactions()
        .map(|included| {
            let price = included.outcome.effective_gas_price;
            (price.saturating_sub(base_fee), included.outcome.gas_used)
        })
        .collect();
    tips.sort_unstable();
    tips
}

/// The tips at the given percentiles of a block's gas; the floor where the block holds no user transaction.
fn rewards(block: &ChainBlock, percentiles: &[f64]) -> Vec<u128> {
    let tips = tips(block);
    let total: u64 = tips.iter().map(|(_, gas)| gas).sum();
    let mut rewards = Vec::with_capacity(percentiles.len());
    let (mut at, mut sum) = (0, tips.first().map_or(0, |(_, gas)| *gas));
    for percentile in percentiles {
        let Some(last) = tips.len().checked_sub(1) else {
            rewards.push(TIP_SUGGESTED_MIN);
            continue;
        };
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a percentile of gas for display; it decides nothing"
        )]
        let threshold = (total as f64 * percentile / 100.0) as u64;
        while sum < threshold && at < last {
            at += 1;
            sum += tips[at].1;
        }
        rewards.push(tips[at].0);
    }
    rewards
}

/// The history of `blocks` (oldest first), followed by the base fee of the block after them.
pub(super) fn fee_history(
    blocks: &[std::sync::Arc<ChainBlock>],
    base_fee_next: u64,
    percentiles: Option<&[f64]>,
) -> FeeHistory {
    let base_fees = blocks.iter().map(|block| block.header.base_fee_per_gas.unwrap_or_default());
    let base_fee_per_gas = base_fees.chain([base_fee_next]).map(u128::from).collect();
    FeeHistory {
        base_fee_per_gas,
        gas_used_ratio: blocks.iter().map(|block| gas_used_ratio(block)).collect(),
        // There are no blobs on L2; the lists have the lengths that clients expect.
        base_fee_per_blob_gas: vec![1; blocks.len() + 1],
        blob_gas_used_ratio: vec![0.0; blocks.len()],
        oldest_block: blocks.first().map_or(0, |block| block.header.number),
        reward: percentiles
            .map(|percentiles| blocks.iter().map(|block| rewards(block, percentiles)).collect()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for display; it decides nothing")]
fn gas_used_ratio(block: &ChainBlock) -> f64 {
    match block.header.gas_limit {
        0 => 0.0,
        limit => block.header.gas_used as f64 / limit as f64,
    }
}

/// The tip to suggest: the minimum while there is room, else what the busy blocks paid.
pub(super) fn suggested_tip(recent: &[std::sync::Arc<ChainBlock>]) -> U256 {
    let busy = recent.iter().filter(|block| {
        block.header.gas_used.saturating_mul(100)
            > block.header.gas_limit.saturating_mul(BUSY_PERCENT)
    });
    let paid: Vec<u128> = busy.flat_map(|block| rewards(block, &[BUSY_PERCENTILE])).collect();
    let highest = paid.into_iter().fold(TIP_SUGGESTED_MIN, std::cmp::max);
    U256::from(highest)
}
