//! A cross-check: do the logs that were read add up to what the contracts have accumulated on L1?
//!
//! It finds an endpoint that hides or invents logs, and a program that does not hash as the contracts do. It costs
//! four calls per block and is off unless configured.

use alloy::{eips::BlockId, primitives::B256};
use bindings::{BatchInbox::accumulatorCall, Portal::messageAccumulatorCall};
use protocol::{InboxEntry, L1Contracts, L1Origin, inbox_accumulator_next, message_chain_next};

use super::events::BlockEvents;
use crate::{client::L1Client, error::L1Error};

pub(super) async fn verify(
    client: &L1Client,
    contracts: &L1Contracts,
    origin: &L1Origin,
    parent_hash: B256,
    events: &BlockEvents,
) -> Result<(), L1Error> {
    let (before, after) = (BlockId::hash(parent_hash), BlockId::hash(origin.hash));
    let inbox = |block| client.call(contracts.batch_inbox, accumulatorCall {}, block);
    let messages = |block| client.call(contracts.portal, messageAccumulatorCall {}, block);
    let (inbox_before, inbox_after) = futures::try_join!(inbox(before), inbox(after))?;
    let (messages_before, messages_after) = futures::try_join!(messages(before), messages(after))?;
    let computed = add_postings(inbox_before, origin, parent_hash, events);
    compare("batch", origin.number, inbox_after, computed)?;
    let computed = add_messages(messages_before, origin, events);
    compare("message", origin.number, messages_after, computed)
}

fn add_postings(
    accumulator: B256,
    origin: &L1Origin,
    parent_hash: B256,
    events: &BlockEvents,
) -> B256 {
    events.postings.iter().fold(accumulator, |accumulator, posting| {
        let entry = InboxEntry {
            carrier: posting.carrier(),
            data_hash: posting.data_hash,
            first_block: posting.first_block,
            last_block: posting.last_block,
            l1_number: origin.number,
            l1_timestamp: origin.timestamp,
            l1_parent_hash: parent_hash,
        };
        inbox_accumulator_next(accumulator, &entry)
    })
}

fn add_messages(accumulator: B256, origin: &L1Origin, events: &BlockEvents) -> B256 {
    events.messages.iter().fold(accumulator, |accumulator, (_, message)| {
        message_chain_next(accumulator, origin.number, origin.timestamp, &message.encode())
    })
}

fn compare(chain: &'static str, number: u64, found: B256, computed: B256) -> Result<(), L1Error> {
    if found == computed {
        Ok(())
    } else {
        Err(L1Error::Accumulator { chain, number, found, computed })
    }
}
