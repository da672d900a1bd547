//! Logs with their place in the chain.

use alloy::consensus::TxReceipt as _;
use alloy::{
    primitives::{B256, Log as PlainLog},
    rpc::types::{Filter, Log},
};

use crate::chain::{ChainBlock, Included};

/// Where a transaction's logs stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogPlace {
    pub(crate) block_hash: Option<B256>,
    pub(crate) block_number: u64,
    pub(crate) block_timestamp: u64,
}

/// The logs of one transaction as clients see them.
pub(crate) fn logs_of(included: &Included, place: LogPlace, removed: bool) -> Vec<Log> {
    let logs = included.outcome.receipt.logs();
    (included.log_index_first..)
        .zip(logs)
        .map(|(log_index, log)| Log {
            inner: log.clone(),
            block_hash: place.block_hash,
            block_number: Some(place.block_number),
            block_timestamp: Some(place.block_timestamp),
            transaction_hash: Some(included.hash),
            transaction_index: Some(included.index),
            log_index: Some(log_index),
            removed,
        })
        .collect()
}

/// The logs of a sealed block, in order.
pub(crate) fn block_logs(block: &ChainBlock, removed: bool) -> Vec<Log> {
    let place = LogPlace {
        block_hash: Some(block.hash),
        block_number: block.header.number,
        block_timestamp: block.header.timestamp,
    };
    block.transactions.iter().flat_map(|included| logs_of(included, place, removed)).collect()
}

/// Whether a log has an address and topics that a filter asks for; the block range is not looked at.
pub(crate) fn log_filter_matches(filter: &Filter, log: &PlainLog) -> bool {
    filter.address.matches(&log.address)
        && filter.topics.iter().enumerate().all(|(position, wanted)| {
            wanted.is_empty()
                || log.topics().get(position).is_some_and(|topic| wanted.matches(topic))
        })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, Bytes};

    use super::*;

    fn topic(byte: u8) -> B256 {
        B256::repeat_byte(byte)
    }

    fn log(address: u8, topics: &[u8]) -> PlainLog {
        let topics = topics.iter().map(|byte| topic(*byte)).collect();
        PlainLog::new_unchecked(Address::repeat_byte(address), topics, Bytes::new())
    }

    #[test]
    fn address_and_topic_positions_with_alternatives() {
        let any = Filter::new();
        assert!(log_filter_matches(&any, &log(1, &[])));
        let by_address =
            Filter::new().address(vec![Address::repeat_byte(1), Address::repeat_byte(2)]);
        assert!(log_filter_matches(&by_address, &log(2, &[9])));
        assert!(!log_filter_matches(&by_address, &log(3, &[9])));
        let by_topics = Filter::new().event_signature(vec![topic(7), topic(8)]).topic2(topic(5));
        assert!(log_filter_matches(&by_topics, &log(1, &[8, 1, 5])));
        assert!(!log_filter_matches(&by_topics, &log(1, &[8, 1, 6])));
        assert!(
            !log_filter_matches(&by_topics, &log(1, &[8, 1])),
            "a missing topic matches nothing"
        );
    }
}
