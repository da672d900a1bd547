//! `eth_*` methods that read blocks and transactions.

use alloy::{
    eips::{BlockId, BlockNumberOrTag, eip7928::BlockAccessList},
    primitives::{Address, B256, Bytes, U64, U256},
    rlp::Decodable,
    rpc::types::{Index, SyncStatus},
};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use protocol::predeploys::SEQUENCER_FEE_VAULT;
use serde_json::Value;

use crate::{
    api::{
        Api,
        convert::{
            RpcReceipt, RpcTransaction, located_transaction, pending_block, pooled_transaction,
            receipt, sealed_block,
        },
        errors,
    },
    chain::ChainBlock,
};

/// `eth/68`.
const PROTOCOL_VERSION: u64 = 68;

/// Blocks and transactions.
#[rpc(server, namespace = "eth")]
pub(crate) trait EthChain {
    /// The chain id.
    #[method(name = "chainId")]
    fn chain_id(&self) -> RpcResult<U64>;
    /// The newest block.
    #[method(name = "blockNumber")]
    fn block_number(&self) -> RpcResult<U64>;
    /// Always `false`: the sequencer is the head.
    #[method(name = "syncing")]
    fn syncing(&self) -> RpcResult<SyncStatus>;
    /// Always empty: the node holds no keys.
    #[method(name = "accounts")]
    fn accounts(&self) -> RpcResult<Vec<Address>>;
    /// The vault that gets the tips.
    #[method(name = "coinbase")]
    fn coinbase(&self) -> RpcResult<Address>;
    /// The protocol of geth's peers, which old clients ask for; there are no peers here.
    #[method(name = "protocolVersion")]
    fn protocol_version(&self) -> RpcResult<U64>;
    /// A block by number or tag.
    #[method(name = "getBlockByNumber")]
    async fn block_by_number(
        &self,
        number: BlockNumberOrTag,
        full: Option<bool>,
    ) -> RpcResult<Value>;
    /// A block by hash.
    #[method(name = "getBlockByHash")]
    async fn block_by_hash(&self, hash: B256, full: Option<bool>) -> RpcResult<Value>;
    /// How many transactions a block has.
    #[method(name = "getBlockTransactionCountByNumber")]
    async fn transaction_count_by_number(&self, number: BlockNumberOrTag)
    -> RpcResult<Option<U64>>;
    /// How many transactions a block has.
    #[method(name = "getBlockTransactionCountByHash")]
    async fn transaction_count_by_hash(&self, hash: B256) -> RpcResult<Option<U64>>;
    /// All receipts of a block.
    #[method(name = "getBlockReceipts")]
    async fn block_receipts(&self, block: BlockId) -> RpcResult<Option<Vec<RpcReceipt>>>;
    /// What each transaction of a block left where, and what they looked at (EIP-7928). `null`: no such block.
    #[method(
        name = "getBlockAccessList",
        aliases = ["eth_getBlockAccessListByBlockHash", "eth_getBlockAccessListByBlockNumber"]
    )]
    async fn block_access_list(&self, block: BlockId) -> RpcResult<Option<BlockAccessList>>;
    /// A transaction, executed or waiting.
    #[method(name = "getTransactionByHash")]
    async fn transaction_by_hash(&self, hash: B256) -> RpcResult<Option<RpcTransaction>>;
    /// The transaction at a place in a block.
    #[method(name = "getTransactionByBlockNumberAndIndex")]
    async fn transaction_by_number_and_index(
        &self,
        number: BlockNumberOrTag,
        index: Index,
    ) -> RpcResult<Option<RpcTransaction>>;
    /// The transaction at a place in a block.
    #[method(name = "getTransactionByBlockHashAndIndex")]
    async fn transaction_by_hash_and_index(
        &self,
        hash: B256,
        index: Index,
    ) -> RpcResult<Option<RpcTransaction>>;
    /// The signed bytes of a transaction.
    #[method(name = "getRawTransactionByHash")]
    async fn raw_transaction_by_hash(&self, hash: B256) -> RpcResult<Option<Bytes>>;
    /// A receipt, from the moment the transaction's block is `latest`; `eth_sendRawTransactionSync` and the
    /// streams show it earlier.
    #[method(name = "getTransactionReceipt")]
    async fn transaction_receipt(&self, hash: B256) -> RpcResult<Option<RpcReceipt>>;
    /// Zero for every block of a rollup.
    #[method(name = "getUncleCountByBlockNumber")]
    async fn uncle_count_by_number(&self, number: BlockNumberOrTag) -> RpcResult<Option<U256>>;
    /// Zero for every block of a rollup.
    #[method(name = "getUncleCountByBlockHash")]
    async fn uncle_count_by_hash(&self, hash: B256) -> RpcResult<Option<U256>>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct ChainMethods(pub(crate) Api);

impl ChainMethods {
    async fn block_json(&self, id: BlockId, full: bool) -> RpcResult<Value> {
        let request = "eth_getBlock";
        if id.is_pending()
            && let Some(open) = self.0.open_block()
        {
            return pending_block(&open, full).map_err(|error| errors::internal(request, &error));
        }
        let Some(block) = self.0.block(id).await? else { return Ok(Value::Null) };
        serde_json::to_value(sealed_block(&block, full))
            .map_err(|error| errors::internal(request, &error))
    }

    /// The list of a block that has one.
    fn access_list(block: &ChainBlock) -> RpcResult<BlockAccessList> {
        let number = block.number();
        let Some(bytes) = block.access_list.get() else {
            return Err(errors::server(format!("access list of block {number} is not available")));
        };
        BlockAccessList::decode(&mut &bytes[..])
            .map_err(|error| errors::internal("eth_getBlockAccessList", &error))
    }

    async fn count(&self, id: BlockId) -> RpcResult<Option<U64>> {
        if id.is_pending()
            && let Some(open) = self.0.open_block()
        {
            return Ok(Some(U64::from(open.transactions.len())));
        }
        Ok(self.0.block(id).await?.map(|block| U64::from(block.transactions.len())))
    }

    async fn uncle_count(&self, id: BlockId) -> RpcResult<Option<U256>> {
        let block = self.0.block(id).await?;
        Ok(block
            .map(|block| U256::from(block.ethereum.as_ref().map_or(0, |parts| parts.ommers.len()))))
    }

    async fn at(&self, id: BlockId, index: Index) -> RpcResult<Option<RpcTransaction>> {
        let Some(block) = self.0.block(id).await? else { return Ok(None) };
        Ok(block.located(index.0).map(|located| located_transaction(&located)))
    }
}

#[jsonrpsee::core::async_trait]
impl EthChainServer for ChainMethods {
    fn chain_id(&self) -> RpcResult<U64> {
        Ok(U64::from(self.0.config.l2_chain_id))
    }

    fn block_number(&self) -> RpcResult<U64> {
        Ok(U64::from(self.0.view.heads().unsafe_head().number))
    }

    fn syncing(&self) -> RpcResult<SyncStatus> {
        Ok(SyncStatus::None)
    }

    fn accounts(&self) -> RpcResult<Vec<Address>> {
        Ok(Vec::new())
    }

    fn coinbase(&self) -> RpcResult<Address> {
        Ok(SEQUENCER_FEE_VAULT)
    }

    fn protocol_version(&self) -> RpcResult<U64> {
        Ok(U64::from(PROTOCOL_VERSION))
    }

    async fn block_by_number(
        &self,
        number: BlockNumberOrTag,
        full: Option<bool>,
    ) -> RpcResult<Value> {
        self.block_json(number.into(), full.unwrap_or(false)).await
    }

    async fn block_by_hash(&self, hash: B256, full: Option<bool>) -> RpcResult<Value> {
        self.block_json(hash.into(), full.unwrap_or(false)).await
    }

    async fn transaction_count_by_number(
        &self,
        number: BlockNumberOrTag,
    ) -> RpcResult<Option<U64>> {
        self.count(number.into()).await
    }

    async fn transaction_count_by_hash(&self, hash: B256) -> RpcResult<Option<U64>> {
        self.count(hash.into()).await
    }

    async fn block_receipts(&self, block: BlockId) -> RpcResult<Option<Vec<RpcReceipt>>> {
        let Some(block) = self.0.block(block).await? else { return Ok(None) };
        let located = (0..block.transactions.len()).filter_map(|index| block.located(index));
        Ok(Some(located.map(|located| receipt(&located)).collect()))
    }

    async fn block_access_list(&self, block: BlockId) -> RpcResult<Option<BlockAccessList>> {
        let block = self.0.block(block).await?;
        block.map(|block| Self::access_list(&block)).transpose()
    }

    async fn transaction_by_hash(&self, hash: B256) -> RpcResult<Option<RpcTransaction>> {
        // The mempool first: what leaves it is in the chain by the time the chain is asked.
        let pooled = self.0.submitter.mempool().get(&hash);
        if let Some(located) = self.0.transaction(hash).await? {
            return Ok(Some(located_transaction(&located)));
        }
        Ok(pooled.map(|pooled| pooled_transaction(pooled.tx.tx.tx.clone(), pooled.sender())))
    }

    async fn transaction_by_number_and_index(
        &self,
        number: BlockNumberOrTag,
        index: Index,
    ) -> RpcResult<Option<RpcTransaction>> {
        self.at(number.into(), index).await
    }

    async fn transaction_by_hash_and_index(
        &self,
        hash: B256,
        index: Index,
    ) -> RpcResult<Option<RpcTransaction>> {
        self.at(hash.into(), index).await
    }

    async fn raw_transaction_by_hash(&self, hash: B256) -> RpcResult<Option<Bytes>> {
        if let Some(pooled) = self.0.submitter.mempool().get(&hash) {
            return Ok(Some(pooled.raw.clone()));
        }
        let located = self.0.transaction(hash).await?;
        Ok(located.map(|located| located.included.raw()))
    }

    async fn transaction_receipt(&self, hash: B256) -> RpcResult<Option<RpcReceipt>> {
        // Whoever sees a receipt here reads `latest` next and expects to find its effects there.
        let sealed = self.0.transaction(hash).await?.filter(|located| located.block_hash.is_some());
        Ok(sealed.map(|located| receipt(&located)))
    }

    async fn uncle_count_by_number(&self, number: BlockNumberOrTag) -> RpcResult<Option<U256>> {
        self.uncle_count(number.into()).await
    }

    async fn uncle_count_by_hash(&self, hash: B256) -> RpcResult<Option<U256>> {
        self.uncle_count(hash.into()).await
    }
}
