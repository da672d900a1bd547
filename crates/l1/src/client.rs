//! The way to L1: one provider over one or several endpoints, and the few typed requests the crate needs.
//!
//! Whatever must belong together is asked by block *hash*, so a reorg between two requests shows up as an error
//! or a mismatch, never as a mixture of two chains.

mod endpoints;

use std::collections::BTreeMap;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    network::Ethereum,
    primitives::{Address, B256, Bytes, TxKind, U256},
    providers::{Provider, RootProvider},
    rpc::{
        client::RpcClient,
        types::{Block, FeeHistory, Filter, Header, Log, TransactionReceipt, TransactionRequest},
    },
    sol_types::SolCall,
    transports::{TransportError, TransportResult},
};

use serde::Deserialize;

pub use self::endpoints::{EndpointError, Endpoints};
pub(crate) use self::endpoints::{http_client, read_body};
use crate::{capacity::BlobSchedule, config::L1Config, error::L1Error};

/// Blocks that a fee estimate looks back on.
const FEE_HISTORY_BLOCKS: u64 = 10;
/// The tip to pay is the median of what transactions paid.
const FEE_HISTORY_PERCENTILE: f64 = 50.0;
/// Name in `eth_config` of the precompile that Osaka brought (EIP-7951).
const OSAKA_PRECOMPILE: &str = "P256VERIFY";

/// A connection to L1. Cheap to clone; clones share endpoints and the choice among them.
#[derive(Clone, Debug)]
pub struct L1Client {
    provider: RootProvider<Ethereum>,
    endpoints: Endpoints,
    chain_id: u64,
}

impl L1Client {
    /// Makes the client without any request. Each endpoint has to name `chain_id` before it is used.
    ///
    /// # Panics
    /// If the process has not installed a rustls provider, which `main` does first.
    pub fn new(config: &L1Config, chain_id: u64) -> Result<Self, L1Error> {
        let endpoints = Endpoints::new(config, chain_id)?;
        // "Local" only tunes alloy's own polling, which is not used here.
        let provider = RootProvider::new(RpcClient::new(endpoints.clone(), false));
        Ok(Self { provider, endpoints, chain_id })
    }

    /// Makes the client and checks that at least one endpoint answers with the right chain id.
    pub async fn connect(config: &L1Config, chain_id: u64) -> Result<Self, L1Error> {
        let client = Self::new(config, chain_id)?;
        let found = client.provider.get_chain_id().await.map_err(|error| {
            wrong_chain(&error).unwrap_or(L1Error::Request { method: "eth_chainId", source: error })
        })?;
        if found != chain_id {
            return Err(L1Error::ChainId { expected: chain_id, found });
        }
        Ok(client)
    }

    /// The L1 chain id that every endpoint must serve.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The provider, for typed contract calls. It goes through the same endpoints.
    #[must_use]
    pub const fn provider(&self) -> &RootProvider<Ethereum> {
        &self.provider
    }

    /// The endpoints and which one is in use.
    #[must_use]
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The header with this number or tag.
    pub async fn header(&self, block: BlockNumberOrTag) -> Result<Header, L1Error> {
        self.find_header(block)
            .await?
            .ok_or_else(|| L1Error::BlockMissing { block: block.to_string() })
    }

    /// The header with this number or tag, or none if there is no such block.
    pub async fn find_header(&self, block: BlockNumberOrTag) -> Result<Option<Header>, L1Error> {
        const METHOD: &str = "eth_getBlockByNumber";
        let request =
            self.provider.client().request::<_, Option<Block<B256>>>(METHOD, (block, false));
        Ok(answer(METHOD, request.await)?.map(|block| block.header))
    }

    /// The header with this hash, or none if the endpoint does not know it.
    pub async fn find_header_by_hash(&self, hash: B256) -> Result<Option<Header>, L1Error> {
        const METHOD: &str = "eth_getBlockByHash";
        let request =
            self.provider.client().request::<_, Option<Block<B256>>>(METHOD, (hash, false));
        Ok(answer(METHOD, request.await)?.map(|block| block.header))
    }

    /// Logs of exactly this block, from these contracts, with one of these first topics.
    pub async fn logs(
        &self,
        block_hash: B256,
        contracts: &[Address],
        topics: &[B256],
    ) -> Result<Vec<Log>, L1Error> {
        let filter = Filter::new()
            .at_block_hash(block_hash)
            .address(contracts.to_vec())
            .event_signature(topics.to_vec());
        answer("eth_getLogs", self.provider.get_logs(&filter).await)
    }

    /// Logs of a range of canonical blocks, from these contracts, with one of these first topics.
    pub async fn logs_between(
        &self,
        first: u64,
        last: u64,
        contracts: &[Address],
        topics: &[B256],
    ) -> Result<Vec<Log>, L1Error> {
        let filter = Filter::new()
            .from_block(first)
            .to_block(last)
            .address(contracts.to_vec())
            .event_signature(topics.to_vec());
        answer("eth_getLogs", self.provider.get_logs(&filter).await)
    }

    /// Calls a view function in the state after the block with this hash.
    pub async fn call<C: SolCall + Send>(
        &self,
        contract: Address,
        call: C,
        block: BlockId,
    ) -> Result<C::Return, L1Error> {
        let request = TransactionRequest {
            to: Some(TxKind::Call(contract)),
            input: Bytes::from(call.abi_encode()).into(),
            ..TransactionRequest::default()
        };
        let output = answer("eth_call", self.provider.call(request).block(block).await)?;
        C::abi_decode_returns(&output).map_err(|source| L1Error::Decode { contract, source })
    }

    /// Nonce of an account in the state after the block with this hash.
    pub async fn nonce_at(&self, account: Address, block: B256) -> Result<u64, L1Error> {
        let request = self.provider.get_transaction_count(account).block_id(BlockId::hash(block));
        answer("eth_getTransactionCount", request.await)
    }

    /// Balance in wei of an account in the state after the block with this hash.
    pub async fn balance_at(&self, account: Address, block: B256) -> Result<U256, L1Error> {
        let request = self.provider.get_balance(account).block_id(BlockId::hash(block));
        answer("eth_getBalance", request.await)
    }

    /// The receipt of a mined transaction, or none while it is not in the canonical chain.
    pub async fn receipt(&self, tx: B256) -> Result<Option<TransactionReceipt>, L1Error> {
        answer("eth_getTransactionReceipt", self.provider.get_transaction_receipt(tx).await)
    }

    /// Fees of recent blocks and of the next one.
    pub async fn fee_history(&self) -> Result<FeeHistory, L1Error> {
        let request = self.provider.get_fee_history(
            FEE_HISTORY_BLOCKS,
            BlockNumberOrTag::Latest,
            &[FEE_HISTORY_PERCENTILE],
        );
        answer("eth_feeHistory", request.await)
    }

    /// Whether the Osaka fork is active, by the precompile that came with it; a node that does not say is one of today.
    pub(crate) async fn is_osaka_active(&self) -> Result<bool, L1Error> {
        let fork = self.fork().await?;
        Ok(fork.is_none_or(|fork| fork.precompiles.contains_key(OSAKA_PRECOMPILE)))
    }

    /// What the node says of the fork that is active; `None` if it does not say.
    pub(crate) async fn fork(&self) -> Result<Option<ForkEntry>, L1Error> {
        const METHOD: &str = "eth_config";
        let request = self.provider.client().request_noparams::<ForkConfig>(METHOD);
        match request.await {
            Err(error) if error.is_error_resp() => Ok(None),
            result => Ok(Some(answer(METHOD, result)?.current)),
        }
    }

    /// Hands a signed transaction to the node. The raw error is returned, since its text decides what happens next.
    pub(crate) async fn send_raw(&self, raw: &[u8]) -> Result<B256, TransportError> {
        Ok(*self.provider.send_raw_transaction(raw).await?.tx_hash())
    }

    /// Gas a transaction needs on top of the latest block. The raw error is returned, since it may be a revert.
    pub(crate) async fn estimate_gas(&self, tx: TransactionRequest) -> Result<u64, TransportError> {
        self.provider.estimate_gas(tx).await
    }
}

/// The part of `eth_config` (EIP-7910) that tells the fork.
#[derive(Debug, Deserialize)]
struct ForkConfig {
    current: ForkEntry,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ForkEntry {
    precompiles: BTreeMap<String, Address>,
    pub(crate) blob_schedule: Option<BlobSchedule>,
}

/// Names the method that failed.
fn answer<T>(method: &'static str, result: TransportResult<T>) -> Result<T, L1Error> {
    result.map_err(|source| L1Error::Request { method, source })
}

/// Finds the wrong chain id behind a transport error.
fn wrong_chain(error: &TransportError) -> Option<L1Error> {
    use alloy::transports::TransportErrorKind;
    let TransportError::Transport(TransportErrorKind::Custom(source)) = error else { return None };
    match source.downcast_ref::<EndpointError>()? {
        EndpointError::WrongChain { expected, found, .. } => {
            Some(L1Error::ChainId { expected: *expected, found: *found })
        }
        _ => None,
    }
}
