//! `eth_subscribe`: new heads, logs (removed ones too), receipts, pending transactions, durable sub-blocks.
//!
//! Each subscription has a bounded queue. A reader that falls behind is closed with a reason, never skipped silently.

use alloy::{primitives::B256, rpc::types::Filter};
use executor::BlockRules;
use jsonrpsee::{
    Extensions, PendingSubscriptionSink, SendTimeoutError, SubscriptionSink,
    core::{SubscriptionResult, async_trait, to_json_raw_value},
    proc_macros::rpc,
    types::ErrorObjectOwned,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    api::{
        Api,
        convert::{
            RpcReceipt, block_logs, header, log_filter_matches, pooled_transaction, receipt,
        },
        errors,
        limits::{RECEIPT_HASHES_MAX, SLOW_READER_WAIT_MAX},
        ws::ConnectionEnd,
    },
    chain::{ChainBlock, Located},
    publisher::{Closed, DurableSubBlock, Published, Subscription},
};

/// Subscriptions.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthSubscribe {
    /// Subscribes to what `kind` names; `params` refine it.
    #[subscription(name = "subscribe" => "subscription", unsubscribe = "unsubscribe", item = Box<RawValue>, with_extensions)]
    async fn subscribe(&self, kind: String, params: Option<Value>) -> SubscriptionResult;
}

/// A durable sub-block as subscribers see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RpcSubBlock {
    block_number: u64,
    index: u32,
    timestamp: u64,
    receipts: Vec<RpcReceipt>,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct SubscribeMethods(pub(crate) Api);

#[async_trait]
impl EthSubscribeServer for SubscribeMethods {
    async fn subscribe(
        &self,
        pending: PendingSubscriptionSink,
        extensions: &Extensions,
        kind: String,
        params: Option<Value>,
    ) -> SubscriptionResult {
        let wanted = match Wanted::of(&kind, params) {
            Ok(wanted) => wanted,
            Err(why) => {
                pending.reject(why).await;
                return Ok(());
            }
        };
        let end = extensions.get::<ConnectionEnd>().cloned();
        // Subscribed before the client is told, so that nothing is missed from the answer on.
        let events = self.0.submitter.subscribe();
        let sink = pending.accept().await?;
        let api = self.0.clone();
        tokio::spawn(async move {
            if forward(api, wanted, events, sink).await.is_err() {
                metrics::counter!("braid_rpc_slow_subscribers_closed_total").increment(1);
                // The connection goes, or the client would wait for ever for what was not sent.
                if let Some(ConnectionEnd(end)) = end {
                    end.cancel();
                }
            }
        });
        Ok(())
    }
}

/// A subscription that was understood.
#[derive(Debug)]
enum Wanted {
    Heads,
    Logs(Box<Filter>),
    PendingTransactions {
        full: bool,
    },
    Syncing,
    SubBlocks,
    /// Of each block at once; of these transactions alone, if any are named.
    Receipts(Vec<B256>),
}

impl Wanted {
    fn of(kind: &str, params: Option<Value>) -> Result<Self, ErrorObjectOwned> {
        let params = params.filter(|params| !params.is_null());
        Ok(match kind {
            "newHeads" => Self::Heads,
            "logs" => {
                let filter = params.map(serde_json::from_value::<Box<Filter>>).transpose();
                let filter = filter.map_err(|error| errors::argument(1, error))?;
                Self::Logs(filter.unwrap_or_default())
            }
            "newPendingTransactions" => {
                let full = params.map(serde_json::from_value).transpose();
                let full = full.map_err(|error| errors::argument(1, error))?;
                Self::PendingTransactions { full: full.unwrap_or(false) }
            }
            "syncing" => Self::Syncing,
            "subBlocks" => Self::SubBlocks,
            "transactionReceipts" => Self::Receipts(receipt_hashes(params)?),
            other => {
                let why = format!("no \"{other}\" subscription in eth namespace");
                return Err(errors::argument(0, why));
            }
        })
    }

    /// What a subscriber gets to see of an event; often nothing.
    fn messages(&self, api: &Api, event: &Published) -> serde_json::Result<Vec<Box<RawValue>>> {
        match (self, event) {
            (Self::Heads, Published::Block(block)) => Ok(vec![to_json_raw_value(&header(block))?]),
            (Self::Logs(filter), Published::Block(block)) => {
                if !filter.matches_bloom(block.header.logs_bloom) {
                    return Ok(Vec::new());
                }
                let logs = block_logs(block, false).into_iter();
                logs.filter(|log| log_filter_matches(filter, &log.inner))
                    .map(|log| to_json_raw_value(&log))
                    .collect()
            }
            (Self::Logs(filter), Published::Removed(blocks)) => {
                let logs = blocks.iter().flat_map(|block| block_logs(block, true));
                logs.filter(|log| log_filter_matches(filter, &log.inner))
                    .map(|log| to_json_raw_value(&log))
                    .collect()
            }
            (Self::PendingTransactions { full }, Published::Received(hashes)) => {
                hashes.iter().filter_map(|hash| pending_message(api, *hash, *full)).collect()
            }
            (Self::SubBlocks, Published::SubBlock(sub_block)) => {
                Ok(vec![to_json_raw_value(&sub_block_json(sub_block))?])
            }
            (Self::Receipts(hashes), Published::Block(block)) => {
                let receipts = block_receipts(block, hashes);
                let message = (!receipts.is_empty()).then(|| to_json_raw_value(&receipts));
                message.into_iter().collect()
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// The transactions whose receipts are wanted; none means all.
fn receipt_hashes(params: Option<Value>) -> Result<Vec<B256>, ErrorObjectOwned> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wanted {
        #[serde(default)]
        transaction_hashes: Option<Vec<B256>>,
    }
    let wanted = params.map(serde_json::from_value::<Wanted>).transpose();
    let wanted = wanted.map_err(|error| errors::argument(1, error))?;
    let hashes = wanted.and_then(|wanted| wanted.transaction_hashes).unwrap_or_default();
    if hashes.len() > RECEIPT_HASHES_MAX {
        return Err(errors::argument(1, format!("more than {RECEIPT_HASHES_MAX} hashes")));
    }
    Ok(hashes)
}

fn block_receipts(block: &ChainBlock, hashes: &[B256]) -> Vec<RpcReceipt> {
    let located = (0..block.transactions.len()).filter_map(|index| block.located(index));
    let wanted =
        located.filter(|located| hashes.is_empty() || hashes.contains(&located.included.hash));
    wanted.map(|located| receipt(&located)).collect()
}

/// Nothing where the transaction has left the mempool again.
fn pending_message(api: &Api, hash: B256, full: bool) -> Option<serde_json::Result<Box<RawValue>>> {
    if !full {
        return Some(to_json_raw_value(&hash));
    }
    let pooled = api.submitter.mempool().get(&hash)?;
    Some(to_json_raw_value(&pooled_transaction(pooled.tx.tx.tx.clone(), pooled.sender())))
}

fn sub_block_json(sub_block: &DurableSubBlock) -> RpcSubBlock {
    let receipts = sub_block.transactions.iter_shared().map(|included| {
        receipt(&Located {
            included,
            block_number: sub_block.cursor.block,
            timestamp: sub_block.opening.timestamp,
            base_fee: sub_block.base_fee,
            opening: sub_block.opening,
            rules: BlockRules::Rollup,
            block_hash: None,
        })
    });
    RpcSubBlock {
        block_number: sub_block.cursor.block,
        index: sub_block.cursor.sub_block,
        timestamp: sub_block.opening.timestamp,
        receipts: receipts.collect(),
    }
}

/// A reader that does not keep up.
struct TooSlow;

async fn forward(
    api: Api,
    wanted: Wanted,
    mut events: Subscription,
    sink: SubscriptionSink,
) -> Result<(), TooSlow> {
    if matches!(wanted, Wanted::Syncing)
        && let Ok(message) = to_json_raw_value(&false)
    {
        deliver(&sink, message).await?;
    }
    loop {
        let event = tokio::select! {
            () = sink.closed() => return Ok(()),
            () = api.closing.cancelled() => return Ok(()),
            event = events.next() => event,
        };
        let event = match event {
            Ok(event) => event,
            Err(Closed::Slow { missed }) => {
                tracing::debug!(missed, "a subscriber fell behind");
                return Err(TooSlow);
            }
            Err(Closed::Shutdown) => return Ok(()),
        };
        let messages = match wanted.messages(&api, &event) {
            Ok(messages) => messages,
            Err(error) => {
                tracing::error!(%error, "an event has no JSON form");
                return Err(TooSlow);
            }
        };
        for message in messages {
            deliver(&sink, message).await?;
        }
    }
}

/// Puts a message into the reader's queue. A queue that stays full means that nobody reads.
async fn deliver(sink: &SubscriptionSink, message: Box<RawValue>) -> Result<(), TooSlow> {
    match sink.send_timeout(message, SLOW_READER_WAIT_MAX).await {
        // Gone is not slow: the loop sees that the sink is closed.
        Ok(()) | Err(SendTimeoutError::Closed(_)) => Ok(()),
        Err(SendTimeoutError::Timeout(_)) => Err(TooSlow),
    }
}
