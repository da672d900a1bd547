//! `debug_getRaw*` and other bytes: what headers, blocks, transactions and receipts hash to their roots as.

use std::sync::Arc;

use alloy::{
    consensus::{ReceiptWithBloom, TxReceipt as _},
    eips::{BlockId, Encodable2718},
    primitives::{B256, Bytes},
    rlp::{self, Encodable, Header as RlpHeader},
};
use executor::BlockContext;
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
};
use serde_json::Value;
use state::StateReader;

use crate::{
    api::Api,
    chain::{ChainBlock, ReadError, State},
};

/// Bytes.
#[rpc(server, namespace = "debug")]
pub(crate) trait DebugRaw {
    /// The RLP of a header.
    #[method(name = "getRawHeader")]
    async fn raw_header(&self, block: BlockId) -> RpcResult<Bytes>;
    /// The RLP of a block.
    #[method(name = "getRawBlock")]
    async fn raw_block(&self, block: BlockId) -> RpcResult<Bytes>;
    /// The bytes of a transaction; `null` if there is none.
    #[method(name = "getRawTransaction")]
    async fn raw_transaction(&self, hash: B256) -> RpcResult<Option<Bytes>>;
    /// The bytes of a block's receipts.
    #[method(name = "getRawReceipts")]
    async fn raw_receipts(&self, block: BlockId) -> RpcResult<Vec<Bytes>>;
    /// Always empty: the sequencer makes its blocks, and one that fails its check stops it.
    #[method(name = "getBadBlocks")]
    fn bad_blocks(&self) -> RpcResult<Vec<Value>>;
    /// Code by its hash; `null` if no account ever had it.
    #[method(name = "codeByHash")]
    async fn code_by_hash(&self, hash: B256) -> RpcResult<Option<Bytes>>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct RawMethods(pub(crate) Api);

impl RawMethods {
    async fn require(&self, id: BlockId) -> RpcResult<Arc<ChainBlock>> {
        self.0.block(id).await?.ok_or_else(|| self.0.absent(id))
    }
}

#[async_trait]
impl DebugRawServer for RawMethods {
    async fn raw_header(&self, block: BlockId) -> RpcResult<Bytes> {
        Ok(rlp::encode(&self.require(block).await?.header).into())
    }

    async fn raw_block(&self, block: BlockId) -> RpcResult<Bytes> {
        Ok(block_rlp(&*self.require(block).await?))
    }

    async fn raw_transaction(&self, hash: B256) -> RpcResult<Option<Bytes>> {
        if let Some(pooled) = self.0.submitter.mempool().get(&hash) {
            return Ok(Some(pooled.raw.clone()));
        }
        let located = self.0.transaction(hash).await?;
        Ok(located.map(|located| located.included.raw()))
    }

    async fn raw_receipts(&self, block: BlockId) -> RpcResult<Vec<Bytes>> {
        let block = self.require(block).await?;
        let receipts = block.transactions.iter().map(|included| {
            let receipt = included.outcome.receipt.clone();
            let logs_bloom = receipt.bloom();
            ReceiptWithBloom { receipt, logs_bloom }.encoded_2718().into()
        });
        Ok(receipts.collect())
    }

    fn bad_blocks(&self) -> RpcResult<Vec<Value>> {
        Ok(Vec::new())
    }

    async fn code_by_hash(&self, hash: B256) -> RpcResult<Option<Bytes>> {
        let work = move |state: &State, _: &BlockContext| match state.code(&hash) {
            Ok(code) => Ok(Some(code)),
            Err(ReadError::State { source: db::StateReadError::CodeUnknown(_), .. }) => Ok(None),
            Err(error) => Err(error.into()),
        };
        self.0.with_state("debug_codeByHash", BlockId::latest(), work).await
    }
}

/// Header, transactions, uncles, withdrawals. A rollup has an empty list of both.
fn block_rlp(block: &ChainBlock) -> Bytes {
    let list = |payload_length| RlpHeader { list: true, payload_length };
    let mut transactions = Vec::new();
    for included in &block.transactions {
        let raw = included.raw();
        // A legacy transaction is a list itself; the others are strings.
        match raw.first() {
            Some(first) if *first >= rlp::EMPTY_LIST_CODE => transactions.extend_from_slice(&raw),
            _ => raw.encode(&mut transactions),
        }
    }
    let (uncles, withdrawals) = match &block.ethereum {
        Some(parts) => (rlp::encode(&parts.ommers), parts.withdrawals.as_ref().map(rlp::encode)),
        None => (vec![rlp::EMPTY_LIST_CODE], Some(vec![rlp::EMPTY_LIST_CODE])),
    };
    let mut body = rlp::encode(&block.header);
    list(transactions.len()).encode(&mut body);
    body.extend_from_slice(&transactions);
    body.extend_from_slice(&uncles);
    body.extend_from_slice(&withdrawals.unwrap_or_default());
    let mut out = Vec::with_capacity(list(body.len()).length_with_payload());
    list(body.len()).encode(&mut out);
    out.extend_from_slice(&body);
    out.into()
}
