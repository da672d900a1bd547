//! `WatchSubBlocks`: first the past, then what becomes durable.
//!
//! A sub-block of the open block that was missed cannot be asked for; its block is told as a whole once it is
//! sealed, when its sub-blocks are known again. Invariant: between two reorgs every sub-block comes once, in order.

use proto::v1::{Cursor, WatchSubBlocksResponse};

use super::{Ended, Tick, Watch, heartbeat};
use crate::{
    api::grpc::{
        convert::{past_sub_blocks, sub_block},
        status::ahead,
    },
    chain::ChainBlock,
    publisher::{DurableSubBlock, Published},
};

/// Blocks that a cursor may be ahead of the newest sealed one: the open block, and the next while it is sealed.
const CURSOR_AHEAD_MAX: u64 = 2;

/// Streams from a cursor on; without one, what comes next.
pub(super) async fn run(
    watch: Watch<WatchSubBlocksResponse>,
    from: Option<Cursor>,
) -> Result<(), Ended> {
    let mut place = Place { next: from };
    let mut events = loop {
        // Subscribed before the head is read, so that nothing falls between past and present. A past that took
        // long to tell has another past behind it.
        let events = watch.subscribe();
        let head = watch.head();
        let Some(next) = place.next.filter(|next| next.block_number <= head) else {
            if place.next.is_some_and(|next| next.block_number > head + CURSOR_AHEAD_MAX) {
                return Err(ahead(head).into());
            }
            break events;
        };
        drop(events);
        for number in next.block_number..=head {
            place.tell(&watch, &*watch.past(number).await?).await?;
        }
    };
    let mut deadline = heartbeat();
    loop {
        match watch.next(&mut events, deadline).await? {
            Tick::Silence => {
                watch.deliver(WatchSubBlocksResponse { next: place.next, sub_block: None }).await?;
            }
            Tick::Event(Published::SubBlock(durable)) if place.follows(&durable) => {
                place.next = Some(Cursor {
                    block_number: durable.cursor.block,
                    sub_block_index: durable.cursor.sub_block + 1,
                });
                let sub_block = Some(sub_block(&durable));
                watch.deliver(WatchSubBlocksResponse { next: place.next, sub_block }).await?;
            }
            Tick::Event(Published::Block(sealed)) => place.tell(&watch, &sealed).await?,
            Tick::Event(Published::Removed(blocks)) => {
                let lowest = blocks.iter().map(|block| block.number()).min();
                place.back_to(lowest);
                continue;
            }
            Tick::Event(_) => continue,
        }
        deadline = heartbeat();
    }
}

/// Where the reader is: the first sub-block that it has not seen. `None` before the first.
#[derive(Debug, Clone, Copy)]
struct Place {
    next: Option<Cursor>,
}

impl Place {
    /// Whether this sub-block comes right after what was sent.
    fn follows(&self, durable: &DurableSubBlock) -> bool {
        self.next.is_none_or(|next| {
            next.block_number == durable.cursor.block
                && next.sub_block_index == durable.cursor.sub_block
        })
    }

    /// Tells what the reader has not seen of a sealed block, and goes on to the next one.
    async fn tell(
        &mut self,
        watch: &Watch<WatchSubBlocksResponse>,
        block: &ChainBlock,
    ) -> Result<(), Ended> {
        let Some(next) = self.next.filter(|next| next.block_number == block.number()) else {
            return Ok(());
        };
        let after = Cursor { block_number: block.number() + 1, sub_block_index: 0 };
        for sub_block in past_sub_blocks(block) {
            if sub_block.index < next.sub_block_index {
                continue;
            }
            let cursor =
                Cursor { block_number: block.number(), sub_block_index: sub_block.index + 1 };
            let message = WatchSubBlocksResponse { next: Some(cursor), sub_block: Some(sub_block) };
            watch.deliver(message).await?;
        }
        self.next = Some(after);
        Ok(())
    }

    /// After a reorg the same numbers come again with other content.
    fn back_to(&mut self, lowest: Option<u64>) {
        if let (Some(next), Some(lowest)) = (self.next, lowest)
            && lowest <= next.block_number
        {
            self.next = Some(Cursor { block_number: lowest, sub_block_index: 0 });
        }
    }
}
