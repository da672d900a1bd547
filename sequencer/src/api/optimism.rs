//! `optimism_*`: what a rollup node of the OP Stack answers, for dashboards and tools that ask it. The same facts as in
//! `rollup_*`, under the other names.
//!
//! What the sequencer does not keep is left out rather than made up: of L1 blocks it knows those that are origins of L2
//! blocks, and by number and hash those it has derived from.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, U64},
};
use db::{Classify, Severity, VerifierError, VerifierStore};
use jsonrpsee::{
    core::{RpcResult, async_trait},
    proc_macros::rpc,
    types::ErrorObjectOwned,
};
use protocol::{BlockId, L2BlockRef, SafetyLevel, output_root};
use serde_json::{Value, json};

use super::{Api, errors};
use crate::chain::ChainBlock;

/// The namespace.
#[rpc(server, namespace = "optimism")]
pub(crate) trait Optimism {
    /// What a proposal for this block must claim.
    #[method(name = "outputAtBlock")]
    async fn output_at_block(&self, block: BlockNumberOrTag) -> RpcResult<Value>;
    /// The safe head as L1 had it up to this block, and the L1 block that made it so.
    #[method(name = "safeHeadAtL1Block")]
    async fn safe_head_at(&self, l1_block: U64) -> RpcResult<Value>;
    /// All heads.
    #[method(name = "syncStatus")]
    async fn sync_status(&self) -> RpcResult<Value>;
    /// The configuration of the chain.
    #[method(name = "rollupConfig")]
    async fn rollup_config(&self) -> RpcResult<Value>;
    /// The version of the node.
    #[method(name = "version")]
    fn version(&self) -> RpcResult<String>;
}

/// Answers it.
#[derive(Debug)]
pub(crate) struct OptimismMethods(pub(crate) Api);

/// An L2 block as the OP Stack names it. Numbers are numbers there.
fn l2_ref(block: &L2BlockRef) -> Value {
    json!({
        "hash": block.hash,
        "number": block.number,
        "parentHash": block.parent_hash,
        "timestamp": block.timestamp,
        "l1origin": { "hash": block.origin.hash, "number": block.origin.number },
        "sequenceNumber": block.sequence_number,
    })
}

/// The L1 origin of an L2 block.
fn l1_ref(block: &ChainBlock) -> Value {
    let origin = &block.opening.origin;
    json!({ "hash": origin.hash, "number": origin.number, "timestamp": origin.timestamp })
}

impl OptimismMethods {
    /// The L1 block that made the safe head what it was at an L1 block, and that head, or genesis where there is none yet;
    /// `None` where that is not known.
    async fn safe_head(
        &self,
        l1_block: u64,
    ) -> Result<Option<(BlockId, Option<BlockId>)>, VerifierError> {
        let derived = VerifierStore::new(self.0.view.database().clone());
        let genesis = self.0.config.genesis.l1;
        let newest = derived.l1_blocks(u64::MAX, 1).await?.first().copied().unwrap_or(genesis);
        if !(genesis.number..=newest.number).contains(&l1_block) {
            return Ok(None);
        }
        let Some(head) = derived.head_at(l1_block).await? else {
            return Ok(Some((genesis, None)));
        };
        let l1 = derived.l1_blocks(head.derived_from, 1).await?.first().copied();
        let head = BlockId { number: head.block.number, hash: head.block.hash };
        Ok(l1.map(|l1| (l1, Some(head))))
    }
}

fn id(block: BlockId) -> Value {
    json!({ "hash": block.hash, "number": block.number })
}

fn unreadable(request: &'static str, error: &VerifierError) -> ErrorObjectOwned {
    if error.severity() == Severity::Temporary {
        let cause = service::error_chain(error);
        tracing::warn!(request, cause, "cannot read what was derived now");
        return errors::unreadable_now();
    }
    errors::internal(request, error)
}

#[async_trait]
impl OptimismServer for OptimismMethods {
    async fn output_at_block(&self, block: BlockNumberOrTag) -> RpcResult<Value> {
        let Some(sealed) = self.0.block(block.into()).await? else {
            return Err(errors::unknown_block(block));
        };
        let state_root = sealed.header.state_root;
        let storage_root = sealed.header.withdrawals_root.unwrap_or_default();
        Ok(json!({
            "version": B256::ZERO,
            "outputRoot": output_root(state_root, storage_root, sealed.hash),
            "blockRef": l2_ref(&sealed.reference),
            "withdrawalStorageRoot": storage_root,
            "stateRoot": state_root,
        }))
    }

    async fn safe_head_at(&self, l1_block: U64) -> RpcResult<Value> {
        const NAME: &str = "optimism_safeHeadAtL1Block";
        let number = l1_block.to();
        let found = self.safe_head(number).await.map_err(|error| unreadable(NAME, &error))?;
        let Some((l1, head)) = found else {
            let text = format!("safe head not found: L1 block {number} was not derived from");
            return Err(errors::server(text));
        };
        let head = match head {
            Some(head) => head,
            None => {
                let genesis = self.0.view.require(0).await;
                let genesis = genesis.map_err(|error| errors::read(NAME, &error))?;
                BlockId { number: 0, hash: genesis.hash }
            }
        };
        Ok(json!({ "l1Block": id(l1), "safeHead": id(head) }))
    }

    async fn sync_status(&self) -> RpcResult<Value> {
        let heads = self.0.view.heads();
        let read = |error| errors::read("optimism_syncStatus", &error);
        let origin = async |level: SafetyLevel| {
            let block = self.0.view.require(heads.head(level).number).await.map_err(read)?;
            Ok::<_, ErrorObjectOwned>(l1_ref(&block))
        };
        let (newest, safe) = (origin(SafetyLevel::Unsafe).await?, origin(SafetyLevel::Safe).await?);
        Ok(json!({
            "current_l1": safe,
            "head_l1": newest,
            "safe_l1": safe,
            "finalized_l1": origin(SafetyLevel::Finalized).await?,
            "unsafe_l2": l2_ref(&heads.unsafe_head()),
            "safe_l2": l2_ref(&heads.safe_head()),
            "finalized_l2": l2_ref(&heads.finalized_head()),
        }))
    }

    async fn rollup_config(&self) -> RpcResult<Value> {
        let config = &self.0.config;
        let genesis = self.0.view.require(0).await;
        let genesis = genesis.map_err(|error| errors::read("optimism_rollupConfig", &error))?;
        let system = &config.genesis.system_config;
        Ok(json!({
            "genesis": {
                "l1": { "hash": config.genesis.l1.hash, "number": config.genesis.l1.number },
                "l2": { "hash": genesis.hash, "number": 0 },
                "l2_time": config.genesis.timestamp,
                "system_config": {
                    "batcherAddr": system.batcher,
                    "gasLimit": system.gas_limit,
                },
            },
            "block_time": config.block_time,
            "max_sequencer_drift": config.sequencer_drift_max,
            "seq_window_size": config.sequencing_window,
            "l1_chain_id": config.l1_chain_id,
            "l2_chain_id": config.l2_chain_id,
            "batch_inbox_address": config.contracts.batch_inbox,
            "deposit_contract_address": config.contracts.portal,
            "l1_system_config_address": config.contracts.system_config,
        }))
    }

    fn version(&self) -> RpcResult<String> {
        Ok(super::net::CLIENT_VERSION.to_owned())
    }
}
