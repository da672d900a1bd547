//! `WatchTransactionStatus`: how far one transaction has come, whenever that changes.

use alloy::primitives::B256;
use proto::v1::{TransactionStage, WatchTransactionStatusResponse};

use super::{Ended, Tick, Watch, heartbeat};
use crate::{
    api::grpc::{
        convert::{located_result, stage_of},
        status::{read_failed, rejected},
    },
    publisher::Published,
};

/// Streams from the stage that the reader knows until the one that it waits for.
pub(in crate::api::grpc) async fn run(
    watch: Watch<WatchTransactionStatusResponse>,
    hash: B256,
    mut known: Option<TransactionStage>,
    until: TransactionStage,
) -> Result<(), Ended> {
    // Subscribed before the chain is asked, so that nothing falls between the answer and what comes.
    let mut events = watch.subscribe();
    let mut look = true;
    // A reader who comes back may know a block that is gone.
    let mut may_go_back = true;
    let mut deadline = heartbeat();
    loop {
        if look {
            let found = watch.api.life_cycle(hash).await;
            let (stage, located) = found.map_err(|error| read_failed(&error))?;
            let stage = stage.map_or(TransactionStage::Unspecified, stage_of);
            // Executed and not durable yet, it is for a moment neither in the mempool nor in the chain.
            let is_between = !may_go_back && known.is_some_and(|known| stage < known);
            may_go_back = false;
            if known != Some(stage) && !is_between {
                known = Some(stage);
                let result = located.as_ref().map(located_result);
                let stage = stage.into();
                let message = WatchTransactionStatusResponse { stage, result, heartbeat: false };
                watch.deliver(message).await?;
                deadline = heartbeat();
            }
            if stage >= until {
                return Ok(());
            }
        }
        look = match watch.next(&mut events, deadline).await? {
            Tick::Silence => {
                let stage = known.unwrap_or_default().into();
                let message =
                    WatchTransactionStatusResponse { stage, result: None, heartbeat: true };
                watch.deliver(message).await?;
                deadline = heartbeat();
                false
            }
            Tick::Event(Published::Dropped(dropped, reason)) if dropped == hash => {
                return Err(rejected(&reason).into());
            }
            Tick::Event(Published::Received(hashes)) => hashes.contains(&hash),
            Tick::Event(Published::SubBlock(durable)) => {
                durable.transactions.iter().any(|included| included.hash == hash)
            }
            Tick::Event(Published::Removed(_)) => {
                may_go_back = true;
                true
            }
            Tick::Event(Published::Heads(_)) => true,
            Tick::Event(_) => false,
        };
    }
}
