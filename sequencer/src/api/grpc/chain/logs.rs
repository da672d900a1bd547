//! `WatchLogs`: first the past, then what is sealed. Invariant: between two reorgs the logs of every block come once, in
//! order; those of a removed block come again as removed, if they were told.

use alloy::{
    consensus::TxReceipt as _,
    primitives::{Address, B256},
    rpc::types::{Filter, FilterSet},
};
use proto::v1::{PlacedLog, WatchLogsRequest, WatchLogsResponse};
use tonic::Status;

use super::{Ended, Tick, Watch, heartbeat};
use crate::{
    api::{
        convert::log_filter_matches,
        grpc::{
            convert::{copy, log, reference},
            status::invalid,
        },
        limits::LOG_TOPIC_ALTERNATIVES_MAX,
    },
    chain::ChainBlock,
    publisher::Published,
};

type Logs = Watch<WatchLogsResponse>;

/// The filter that a request means.
pub(super) fn filter(request: &WatchLogsRequest) -> Result<Filter, Status> {
    let address = |bytes: &bytes::Bytes| {
        Address::try_from(bytes.as_ref()).map_err(|_| invalid("addresses", "20 bytes are wanted"))
    };
    let topic = |bytes: &bytes::Bytes| {
        B256::try_from(bytes.as_ref()).map_err(|_| invalid("topics", "32 bytes are wanted"))
    };
    let many = LOG_TOPIC_ALTERNATIVES_MAX;
    if request.addresses.len() > many {
        return Err(invalid("addresses", format!("at most {many} are taken")));
    }
    let mut filter = Filter::new();
    let addresses = request.addresses.iter().map(address).collect::<Result<Vec<_>, _>>()?;
    filter.address = FilterSet::from(addresses);
    if request.topics.len() > filter.topics.len() {
        return Err(invalid("topics", "a log has four at most"));
    }
    for (into, wanted) in filter.topics.iter_mut().zip(&request.topics) {
        if wanted.alternatives.len() > many {
            return Err(invalid("topics", format!("at most {many} alternatives are taken")));
        }
        let topics = wanted.alternatives.iter().map(topic).collect::<Result<Vec<_>, _>>()?;
        *into = FilterSet::from(topics);
    }
    Ok(filter)
}

/// Streams from block `from` on; 0 is the next new one.
pub(super) async fn run(watch: Logs, filter: Filter, from: u64) -> Result<(), Ended> {
    let mut next = if from == 0 { watch.head() + 1 } else { from };
    let first = next;
    let mut deadline = heartbeat();
    let mut events = loop {
        // Subscribed before the head is read, so that nothing falls between past and present.
        let events = watch.subscribe();
        let head = watch.head();
        if next > head {
            break events;
        }
        drop(events);
        while next <= head {
            let past = watch.past(next).await?;
            next += 1;
            let told = tell(&watch, &filter, &past, next, false).await?;
            // A long past without logs is no silence.
            if told {
                deadline = heartbeat();
            } else if deadline <= tokio::time::Instant::now() {
                watch.deliver(WatchLogsResponse { next_block: next, ..Default::default() }).await?;
                deadline = heartbeat();
            }
        }
    };
    loop {
        match watch.next(&mut events, deadline).await? {
            Tick::Silence => {
                watch.deliver(WatchLogsResponse { next_block: next, ..Default::default() }).await?;
                deadline = heartbeat();
            }
            Tick::Event(Published::Block(sealed)) if sealed.number() >= next => {
                next = sealed.number() + 1;
                if tell(&watch, &filter, &sealed, next, false).await? {
                    deadline = heartbeat();
                }
            }
            // Highest first, as they are taken back.
            Tick::Event(Published::Removed(blocks)) => {
                for block in blocks.iter() {
                    if (first..next).contains(&block.number()) {
                        next = block.number();
                        tell(&watch, &filter, block, next, true).await?;
                    }
                }
            }
            Tick::Event(_) => {}
        }
    }
}

/// Tells the logs of a block, if there are any.
async fn tell(
    watch: &Logs,
    filter: &Filter,
    block: &ChainBlock,
    next_block: u64,
    removed: bool,
) -> Result<bool, Ended> {
    if !filter.matches_bloom(block.header.logs_bloom) {
        return Ok(false);
    }
    let mut logs = Vec::new();
    for included in &block.transactions {
        let own = (included.log_index_first..).zip(included.outcome.receipt.logs());
        logs.extend(own.filter(|(_, emitted)| log_filter_matches(filter, emitted)).map(
            |(index, emitted)| PlacedLog {
                log: Some(log(emitted)),
                transaction_hash: copy(included.hash),
                transaction_index: u32::try_from(included.index).unwrap_or(u32::MAX),
                log_index: u32::try_from(index).unwrap_or(u32::MAX),
            },
        ));
    }
    if logs.is_empty() {
        return Ok(false);
    }
    let block = Some(reference(&block.reference));
    watch.deliver(WatchLogsResponse { next_block, block, logs, removed }).await?;
    Ok(true)
}
