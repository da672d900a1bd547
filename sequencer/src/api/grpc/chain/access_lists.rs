//! `WatchAccessLists`: first the past, then what is written. Invariant: between two reorgs every block's list comes once,
//! in order; a list that will never come ends the stream.

use proto::v1::WatchAccessListsResponse;

use super::{Ended, Tick, Watch, heartbeat};
use crate::{
    api::grpc::{convert::access_list, status::no_access_list},
    chain::ChainBlock,
    publisher::{Published, Subscription},
};

type Lists = Watch<WatchAccessListsResponse>;

/// Streams from block `from` on; 0 is the next new one.
pub(super) async fn run(watch: Lists, from: u64) -> Result<(), Ended> {
    let mut next = if from == 0 { watch.head() + 1 } else { from };
    let mut events = past(&watch, &mut next).await?;
    let mut deadline = heartbeat();
    loop {
        match watch.next(&mut events, deadline).await? {
            Tick::Silence => {
                // Blocks that are indexed without a list do not get one any more.
                events = past(&watch, &mut next).await?;
                let alive = WatchAccessListsResponse { next_block: next, access_list: None };
                watch.deliver(alive).await?;
            }
            Tick::Event(Published::AccessList(block)) if block.number() == next => {
                deliver(&watch, &mut next, &block).await?;
            }
            Tick::Event(Published::AccessList(block)) if block.number() > next => {
                events = past(&watch, &mut next).await?;
            }
            // After a reorg the same numbers come again with other content.
            Tick::Event(Published::Removed(blocks)) => {
                let lowest = blocks.iter().map(|block| block.number()).min();
                next = lowest.map_or(next, |lowest| std::cmp::min(next, lowest));
                continue;
            }
            Tick::Event(_) => continue,
        }
        deadline = heartbeat();
    }
}

/// Tells everything that is written, and gives the events from there on.
async fn past(watch: &Lists, next: &mut u64) -> Result<Subscription, Ended> {
    loop {
        // Subscribed before the chain is looked at, so that nothing falls between past and present.
        let events = watch.subscribe();
        if *next > watch.head() {
            return Ok(events);
        }
        let block = watch.past(*next).await?;
        if block.access_list.get().is_none() {
            let indexed = watch.api.view.store().indexed();
            return if *next <= indexed { Err(no_access_list(*next).into()) } else { Ok(events) };
        }
        drop(events);
        deliver(watch, next, &block).await?;
    }
}

async fn deliver(watch: &Lists, next: &mut u64, block: &ChainBlock) -> Result<(), Ended> {
    *next = block.number() + 1;
    let access_list = access_list(block);
    watch.deliver(WatchAccessListsResponse { next_block: *next, access_list }).await
}
