//! `WatchBlocks`: first the past, then what is sealed. Invariant: between two reorgs every block comes once, in order.

use proto::v1::WatchBlocksResponse;

use super::{Ended, Tick, Watch, heartbeat};
use crate::{api::grpc::convert::block, publisher::Published};

/// Streams from block `from` on; 0 is the next new one.
pub(super) async fn run(watch: Watch<WatchBlocksResponse>, from: u64) -> Result<(), Ended> {
    let mut next = if from == 0 { watch.head() + 1 } else { from };
    let mut events = loop {
        // Subscribed before the head is read, so that nothing falls between past and present. A past that took
        // long to tell has another past behind it.
        let events = watch.subscribe();
        let head = watch.head();
        if next > head {
            break events;
        }
        drop(events);
        while next <= head {
            let past = watch.past(next).await?;
            next += 1;
            watch
                .deliver(WatchBlocksResponse { next_block: next, block: Some(block(&past)) })
                .await?;
        }
    };
    let mut deadline = heartbeat();
    loop {
        let message = match watch.next(&mut events, deadline).await? {
            Tick::Silence => WatchBlocksResponse { next_block: next, block: None },
            Tick::Event(Published::Block(sealed)) if sealed.number() >= next => {
                next = sealed.number() + 1;
                WatchBlocksResponse { next_block: next, block: Some(block(&sealed)) }
            }
            // After a reorg the same numbers come again with other content.
            Tick::Event(Published::Removed(blocks)) => {
                let lowest = blocks.iter().map(|block| block.number()).min();
                next = lowest.map_or(next, |lowest| std::cmp::min(next, lowest));
                continue;
            }
            Tick::Event(_) => continue,
        };
        watch.deliver(message).await?;
        deadline = heartbeat();
    }
}
