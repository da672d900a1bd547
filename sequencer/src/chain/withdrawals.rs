//! Withdrawals at any age: who initiated one, and the nodes that prove it, which the index keeps.
//!
//! Not here: proofs by the trie, which knows recent blocks alone (`outlook.rs`).

use alloy::{
    consensus::TxReceipt as _,
    primitives::{B256, Bytes, U256, keccak256},
    sol_types::SolEvent as _,
};
use bindings::L2ToL1MessagePasser::MessagePassed;
use protocol::{Withdrawal, predeploys::L2_TO_L1_MESSAGE_PASSER};
use state::StorageProof;

use super::{ChainBlock, ChainView, Included, ReadError};

impl ChainView {
    /// The nodes from a block's state root to the message passer, if they were kept: of each multiple of the interval between
    /// proposals.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn kept_account(&self, block: &ChainBlock) -> Result<Option<Vec<Bytes>>, ReadError> {
        let kept = self.reader().withdrawal_account(block.number()).await;
        let kept = kept.map_err(ReadError::database("nodes of the message passer"))?;
        // The block of that number may have become another one since.
        let is_of_block = |nodes: &Vec<Bytes>| {
            nodes.first().is_some_and(|root| keccak256(root) == block.header.state_root)
        };
        Ok(kept.filter(is_of_block))
    }

    /// A slot of the message passer after a block, with its proof; `None` if the block is not indexed yet, or older than
    /// the keeping of nodes.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn kept_slot(
        &self,
        block: &ChainBlock,
        slot: U256,
    ) -> Result<Option<StorageProof>, ReadError> {
        let Some(root) = block.header.withdrawals_root else { return Ok(None) };
        let proof = self.reader().withdrawal_proof(root, slot).await;
        proof.map_err(ReadError::database("nodes of the message passer"))
    }

    /// What a withdrawal is made of; `None` if none of that hash was initiated in a durable block.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn withdrawal(&self, hash: B256) -> Result<Option<Withdrawal>, ReadError> {
        let Some(number) = self.initiated_in(hash).await? else { return Ok(None) };
        let Some(block) = self.block(number).await? else { return Ok(None) };
        Ok(block.transactions.iter().find_map(|included| passed(included, hash)))
    }

    /// The block in which the message passer took note of a withdrawal.
    async fn initiated_in(&self, hash: B256) -> Result<Option<u64>, ReadError> {
        let slot = U256::from_be_bytes(Withdrawal::storage_slot(hash).0);
        let recent = self.store().recent();
        for number in recent {
            // A block may have left memory since the range was looked at.
            let Some(block) = self.block(number).await? else { break };
            let passer = block.diff.accounts.get(&L2_TO_L1_MESSAGE_PASSER);
            if passer.is_some_and(|change| change.storage.contains_key(&slot)) {
                return Ok(Some(number));
            }
        }
        let first = self.reader().first_version(L2_TO_L1_MESSAGE_PASSER, slot).await;
        first.map_err(ReadError::database("the first version of a slot"))
    }
}

/// The withdrawal of that hash among those that a transaction initiated.
fn passed(included: &Included, hash: B256) -> Option<Withdrawal> {
    let logs = included.outcome.receipt.logs().iter();
    let passed = logs
        .filter(|log| log.address == L2_TO_L1_MESSAGE_PASSER)
        .filter_map(|log| MessagePassed::decode_log_data(&log.data).ok())
        .find(|passed| passed.withdrawalHash == hash)?;
    Some(Withdrawal {
        nonce: passed.nonce,
        sender: passed.sender,
        target: passed.target,
        value: passed.value,
        gas_limit: passed.gasLimit,
        data: passed.data,
    })
}
