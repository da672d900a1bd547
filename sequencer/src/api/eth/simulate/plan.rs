//! Which blocks a simulation consists of: numbers and times in order, gaps filled with empty blocks.

use alloy::{
    consensus::Header,
    eips::eip4895::Withdrawals,
    primitives::U256,
    rpc::types::{BlockOverrides, TransactionRequest, state::StateOverride},
};
use jsonrpsee::types::ErrorObjectOwned;
use serde::Deserialize;

use super::refusal::{CLIENT_LIMIT, NUMBER_ORDER, TIME_ORDER, refused};
use crate::api::{errors, limits::SIMULATE_BLOCKS_MAX};

/// What to simulate.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Payload {
    pub(super) block_state_calls: Vec<BlockCalls>,
    /// Transfers of value show as logs.
    pub(super) trace_transfers: bool,
    /// Calls are judged as signed transactions would be.
    pub(super) validation: bool,
    pub(super) return_full_transactions: bool,
}

/// A block that somebody asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BlockCalls {
    block_overrides: Option<Overrides>,
    state_overrides: Option<StateOverride>,
    calls: Option<Vec<TransactionRequest>>,
}

/// What to pretend about a block.
#[derive(Debug, Clone, Default, Deserialize)]
struct Overrides {
    #[serde(flatten)]
    block: BlockOverrides,
    withdrawals: Option<Withdrawals>,
}

/// A block whose place in the chain is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Planned {
    pub(super) number: u64,
    pub(super) timestamp: u64,
    pub(super) block: BlockOverrides,
    pub(super) withdrawals: Withdrawals,
    pub(super) accounts: StateOverride,
    pub(super) calls: Vec<TransactionRequest>,
}

/// Puts the blocks in their places after `base`. Blocks nobody gave a time come `step` seconds after the one before.
pub(super) fn plan(
    base: &Header,
    blocks: Vec<BlockCalls>,
    step: u64,
) -> Result<Vec<Planned>, ErrorObjectOwned> {
    if blocks.is_empty() {
        return Err(errors::params("empty input"));
    }
    let too_many = || refused(CLIENT_LIMIT, "too many blocks");
    if blocks.len() as u64 > SIMULATE_BLOCKS_MAX {
        return Err(too_many());
    }
    let mut planned = Vec::new();
    let (mut number, mut timestamp) = (base.number, base.timestamp);
    for block in blocks {
        let Overrides { block: overrides, withdrawals } = block.block_overrides.unwrap_or_default();
        let wanted = overrides.number.unwrap_or_else(|| U256::from(number) + U256::from(1));
        if wanted <= U256::from(number) {
            let why = format!("block numbers must be in order: {wanted} <= {number}");
            return Err(refused(NUMBER_ORDER, why));
        }
        if wanted - U256::from(base.number) > U256::from(SIMULATE_BLOCKS_MAX) {
            return Err(too_many());
        }
        let wanted: u64 = wanted.to();
        while number + 1 < wanted {
            number += 1;
            timestamp = timestamp.saturating_add(step);
            planned.push(Planned { number, timestamp, ..Planned::default() });
        }
        let time = overrides.time.unwrap_or_else(|| timestamp.saturating_add(step));
        if time <= timestamp {
            let why = format!("block timestamps must be in order: {time} <= {timestamp}");
            return Err(refused(TIME_ORDER, why));
        }
        (number, timestamp) = (wanted, time);
        planned.push(Planned {
            number,
            timestamp,
            block: overrides,
            withdrawals: withdrawals.unwrap_or_default(),
            accounts: block.state_overrides.unwrap_or_default(),
            calls: block.calls.unwrap_or_default(),
        });
    }
    Ok(planned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Numbers and times of the plan, or the code of the refusal.
    fn check(blocks: Value) -> Result<Vec<(u64, u64)>, i32> {
        let base = Header { number: 10, timestamp: 100, ..Header::default() };
        let blocks = serde_json::from_value(blocks).unwrap();
        let planned = plan(&base, blocks, 2).map_err(|error| error.code())?;
        Ok(planned.iter().map(|block| (block.number, block.timestamp)).collect())
    }

    #[test]
    fn blocks_follow_one_another_and_gaps_are_filled() {
        assert_eq!(check(json!([{}, {}])), Ok(vec![(11, 102), (12, 104)]));
        let gap = json!([{ "blockOverrides": { "number": "0xd", "time": "0xff" } }, {}]);
        assert_eq!(check(gap), Ok(vec![(11, 102), (12, 104), (13, 255), (14, 257)]));
    }

    #[test]
    fn disorder_and_excess_are_refused() {
        let block = |overrides: Value| json!([{ "blockOverrides": overrides }]);
        assert_eq!(check(json!([])), Err(errors::INVALID_PARAMS));
        assert_eq!(check(block(json!({ "number": "0xa" }))), Err(NUMBER_ORDER));
        assert_eq!(check(block(json!({ "time": "0x64" }))), Err(TIME_ORDER));
        // The filled blocks have taken the time that is asked for.
        assert_eq!(check(block(json!({ "number": "0xd", "time": "0x68" }))), Err(TIME_ORDER));
        assert_eq!(check(block(json!({ "number": "0x10a" }))).map(|blocks| blocks.len()), Ok(256));
        assert_eq!(check(block(json!({ "number": "0x10b" }))), Err(CLIENT_LIMIT));
        assert_eq!(check(Value::Array(vec![json!({}); 257])), Err(CLIENT_LIMIT));
    }
}
