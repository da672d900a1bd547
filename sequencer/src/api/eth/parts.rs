//! `eth_*` methods that read a part of a block: its header, raw transactions by place, uncles.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{B256, Bytes, U256},
    rlp::{Encodable, Header as RlpHeader},
    rpc::types::{Block, BlockTransactions, Header, Index},
};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};

use crate::{
    api::{Api, convert::header},
    chain::ChainBlock,
};

/// Parts of blocks.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthParts {
    /// A header by number or tag.
    #[method(name = "getHeaderByNumber")]
    async fn header_by_number(&self, number: BlockNumberOrTag) -> RpcResult<Option<Header>>;
    /// A header by the block's hash.
    #[method(name = "getHeaderByHash")]
    async fn header_by_hash(&self, hash: B256) -> RpcResult<Option<Header>>;
    /// The signed bytes of the transaction at a place in a block.
    #[method(name = "getRawTransactionByBlockNumberAndIndex")]
    async fn raw_by_number_and_index(
        &self,
        number: BlockNumberOrTag,
        index: Index,
    ) -> RpcResult<Option<Bytes>>;
    /// The signed bytes of the transaction at a place in a block.
    #[method(name = "getRawTransactionByBlockHashAndIndex")]
    async fn raw_by_hash_and_index(&self, hash: B256, index: Index) -> RpcResult<Option<Bytes>>;
    /// An uncle; no block of a rollup has one.
    #[method(name = "getUncleByBlockNumberAndIndex")]
    async fn uncle_by_number_and_index(
        &self,
        number: BlockNumberOrTag,
        index: Index,
    ) -> RpcResult<Option<Block>>;
    /// An uncle; no block of a rollup has one.
    #[method(name = "getUncleByBlockHashAndIndex")]
    async fn uncle_by_hash_and_index(&self, hash: B256, index: Index) -> RpcResult<Option<Block>>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct PartMethods(pub(crate) Api);

impl PartMethods {
    async fn header(&self, id: BlockId) -> RpcResult<Option<Header>> {
        Ok(self.0.block(id).await?.map(|block| header(&block)))
    }

    async fn raw(&self, id: BlockId, index: Index) -> RpcResult<Option<Bytes>> {
        let block = self.0.block(id).await?;
        Ok(block.and_then(|block| Some(block.transactions.get(index.0)?.raw())))
    }

    async fn uncle(&self, id: BlockId, index: Index) -> RpcResult<Option<Block>> {
        Ok(self.0.block(id).await?.and_then(|block| uncle(&block, index.0)))
    }
}

/// An uncle in the form of a block without a body.
fn uncle(block: &ChainBlock, index: usize) -> Option<Block> {
    let inner = block.ethereum.as_ref()?.ommers.get(index)?.clone();
    let empty = 1;
    let payload_length = inner.length() + 2 * empty;
    let size = RlpHeader { list: true, payload_length }.length_with_payload();
    let hash = inner.hash_slow();
    Some(Block {
        header: Header { hash, inner, total_difficulty: None, size: Some(U256::from(size)) },
        uncles: Vec::new(),
        transactions: BlockTransactions::Uncle,
        withdrawals: None,
    })
}

#[jsonrpsee::core::async_trait]
impl EthPartsServer for PartMethods {
    async fn header_by_number(&self, number: BlockNumberOrTag) -> RpcResult<Option<Header>> {
        self.header(number.into()).await
    }

    async fn header_by_hash(&self, hash: B256) -> RpcResult<Option<Header>> {
        self.header(hash.into()).await
    }

    async fn raw_by_number_and_index(
        &self,
        number: BlockNumberOrTag,
        index: Index,
    ) -> RpcResult<Option<Bytes>> {
        self.raw(number.into(), index).await
    }

    async fn raw_by_hash_and_index(&self, hash: B256, index: Index) -> RpcResult<Option<Bytes>> {
        self.raw(hash.into(), index).await
    }

    async fn uncle_by_number_and_index(
        &self,
        number: BlockNumberOrTag,
        index: Index,
    ) -> RpcResult<Option<Block>> {
        self.uncle(number.into(), index).await
    }

    async fn uncle_by_hash_and_index(&self, hash: B256, index: Index) -> RpcResult<Option<Block>> {
        self.uncle(hash.into(), index).await
    }
}
