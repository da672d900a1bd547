//! Blocks as Otterscan pages through them.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{B256, U256},
    rpc::types::{
        Header,
        trace::otterscan::{BlockDetails, InternalIssuance},
    },
};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::params::{Block, Number};
use crate::{
    api::{
        Api,
        convert::{self, RpcTransaction, located_transaction, receipt, sealed_block},
        errors,
    },
    chain::{ChainBlock, Located},
};

/// The level of the interface that is spoken here.
const API_LEVEL: u64 = 8;
/// Text of a method's selector: `0x` and four bytes.
const SELECTOR_TEXT: usize = 10;

/// Blocks.
#[rpc(server, namespace = "ots")]
pub(crate) trait OtsBlocks {
    /// The level of the interface.
    #[method(name = "getApiLevel")]
    fn api_level(&self) -> RpcResult<u64>;
    /// A block without its transactions, with their number and their gas fees; `null` if there is none.
    #[method(name = "getBlockDetails")]
    async fn block_details(&self, number: Block) -> RpcResult<Option<BlockDetails>>;
    /// The same by hash.
    #[method(name = "getBlockDetailsByHash")]
    async fn block_details_by_hash(&self, hash: B256) -> RpcResult<Option<BlockDetails>>;
    /// Some transactions of a block with their receipts; page 0 has the last ones. `null`: no such block.
    #[method(name = "getBlockTransactions")]
    async fn block_transactions(
        &self,
        number: Block,
        page: Number,
        size: Number,
    ) -> RpcResult<Option<BlockPage>>;
}

/// What Otterscan asks of its node before anything else.
#[rpc(server, namespace = "erigon")]
pub(crate) trait Erigon {
    /// A header; `null` if there is none.
    #[method(name = "getHeaderByNumber")]
    async fn header_by_number(&self, number: Block) -> RpcResult<Option<Header>>;
}

/// Some transactions of a block.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BlockPage {
    fullblock: Value,
    receipts: Vec<Value>,
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct BlockMethods(pub(crate) Api);

impl BlockMethods {
    async fn details(&self, id: BlockId) -> RpcResult<Option<BlockDetails>> {
        let Some(block) = self.0.block(id).await? else { return Ok(None) };
        // The sender pays the L1 fee on top; it is no reward of the block.
        let fees = block.transactions.iter().map(|included| {
            let outcome = &included.outcome;
            U256::from(outcome.gas_used) * U256::from(outcome.effective_gas_price)
        });
        let nothing_issued = InternalIssuance::default();
        let fees = fees.fold(U256::ZERO, U256::saturating_add);
        Ok(Some(BlockDetails::new(sealed_block(&block, false), nothing_issued, fees)))
    }
}

#[jsonrpsee::core::async_trait]
impl OtsBlocksServer for BlockMethods {
    fn api_level(&self) -> RpcResult<u64> {
        Ok(API_LEVEL)
    }

    async fn block_details(&self, number: Block) -> RpcResult<Option<BlockDetails>> {
        self.details(BlockNumberOrTag::from(number).into()).await
    }

    async fn block_details_by_hash(&self, hash: B256) -> RpcResult<Option<BlockDetails>> {
        self.details(hash.into()).await
    }

    async fn block_transactions(
        &self,
        number: Block,
        page: Number,
        size: Number,
    ) -> RpcResult<Option<BlockPage>> {
        let size = size.page_size(2)?;
        let id = BlockNumberOrTag::from(number).into();
        let Some(block) = self.0.block(id).await? else { return Ok(None) };
        let before = usize::try_from(page.get()).unwrap_or(usize::MAX).saturating_mul(size);
        let end = block.transactions.len().saturating_sub(before);
        let located = (end.saturating_sub(size)..end).filter_map(|index| block.located(index));
        page_of(&block, &located.collect::<Vec<_>>())
            .map(Some)
            .map_err(|error| errors::internal("ots_getBlockTransactions", &error))
    }
}

#[jsonrpsee::core::async_trait]
impl ErigonServer for BlockMethods {
    async fn header_by_number(&self, number: Block) -> RpcResult<Option<Header>> {
        let block = self.0.block(BlockNumberOrTag::from(number).into()).await?;
        Ok(block.map(|block| convert::header(&block)))
    }
}

/// The block with these of its transactions, whose input is cut to the selector.
fn page_of(block: &ChainBlock, located: &[Located]) -> serde_json::Result<BlockPage> {
    let mut fullblock = serde_json::to_value(sealed_block(block, false))?;
    let transactions: Vec<RpcTransaction> = located.iter().map(located_transaction).collect();
    let mut transactions = serde_json::to_value(transactions)?;
    for transaction in transactions.as_array_mut().into_iter().flatten() {
        if let Some(Value::String(input)) = transaction.get_mut("input") {
            input.truncate(SELECTOR_TEXT);
        }
    }
    fullblock["transactions"] = transactions;
    fullblock["transactionCount"] = block.transactions.len().into();
    let receipts = located.iter().map(slim_receipt).collect::<Result<_, _>>()?;
    Ok(BlockPage { fullblock, receipts })
}

/// A receipt with its time, and without logs, which Otterscan asks for when it shows them.
pub(super) fn slim_receipt(located: &Located) -> serde_json::Result<Value> {
    let mut slim = serde_json::to_value(receipt(located))?;
    let fields: &mut Map<String, Value> = match &mut slim {
        Value::Object(fields) => fields,
        _ => return Ok(slim),
    };
    fields.insert("logs".to_owned(), Value::Null);
    fields.insert("logsBloom".to_owned(), Value::Null);
    fields.insert("timestamp".to_owned(), format!("{:#x}", located.timestamp).into());
    Ok(slim)
}
