//! Proofs about the message passer from the nodes that were kept of it, at any age.

use alloy_primitives::{Address, B256, Bytes, U256};
use sqlx::Row;
use state::{SlotWalk, StorageProof};

use super::{ChainReader, ReadError};
use crate::{
    convert::{Addr, Big, Hash, Slot},
    metrics::timed,
};

impl ChainReader {
    /// Proves a slot of the message passer under one of its storage roots, one question for each node; `None` if a
    /// node on the way was not kept.
    pub async fn withdrawal_proof(
        &self,
        storage_root: B256,
        slot: U256,
    ) -> Result<Option<StorageProof>, ReadError> {
        let mut walk = SlotWalk::new(storage_root, slot);
        while let Some(hash) = walk.needs() {
            let query = sqlx::query("SELECT node FROM withdrawal_nodes WHERE hash = $1");
            let row = query.bind(Hash(hash)).fetch_optional(self.database.pool());
            let row = timed("read_withdrawal_node", row).await.map_err(ReadError::Withdrawals)?;
            let Some(row) = row else { return Ok(None) };
            let node = row.try_get::<Vec<u8>, _>(0).map_err(ReadError::Withdrawals)?;
            walk.take(node.into()).map_err(ReadError::Node)?;
        }
        Ok(Some(walk.finish()))
    }

    /// The oldest block that changed a slot, as far as the projection has come.
    pub async fn first_version(
        &self,
        address: Address,
        slot: U256,
    ) -> Result<Option<u64>, ReadError> {
        let query = sqlx::query(
            "SELECT min(block_number) FROM slot_versions WHERE address = $1 AND slot = $2",
        )
        .bind(Addr(address))
        .bind(Slot(slot));
        let row = timed("read_first_version", query.fetch_one(self.database.pool()));
        let row = row.await.map_err(ReadError::Withdrawals)?;
        let first = row.try_get::<Option<Big>, _>(0).map_err(ReadError::Withdrawals)?;
        Ok(first.map(|number| number.0))
    }

    /// The nodes from the state root of a block to the message passer; `None` if none were kept, as of a block that is
    /// not one that gets proposed.
    pub async fn withdrawal_account(&self, block: u64) -> Result<Option<Vec<Bytes>>, ReadError> {
        let query = sqlx::query("SELECT nodes FROM withdrawal_accounts WHERE block_number = $1");
        let row = query.bind(Big(block)).fetch_optional(self.database.pool());
        let row = timed("read_withdrawal_account", row).await.map_err(ReadError::Withdrawals)?;
        let Some(row) = row else { return Ok(None) };
        let nodes = row.try_get::<Vec<Vec<u8>>, _>(0).map_err(ReadError::Withdrawals)?;
        Ok(Some(nodes.into_iter().map(Bytes::from).collect()))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;
    use state::{Account, AccountDiff, StateDiff, StateTrie};

    use super::*;
    use crate::{
        Classify, Severity, WithdrawalNodes,
        index::{samples::Chain, tests::Fixture},
    };

    const PASSER: Address = Address::repeat_byte(0x16);

    fn slot(number: u64) -> U256 {
        U256::from_be_bytes(keccak256(number.to_be_bytes()).0)
    }

    #[tokio::test]
    async fn every_state_of_the_message_passer_can_be_proved() {
        let mut fixture = Fixture::new(11, 0).await;
        let (mut trie, mut expected) = (StateTrie::new(), Vec::new());
        for number in 0..12 {
            let block = Chain::block(&mut fixture.chain);
            let new: Vec<U256> = (number * 5..number * 5 + 1 + number % 5).map(slot).collect();
            let change = AccountDiff {
                account: Some(Account { nonce: 1 + number, ..Account::default() }),
                storage: new.iter().map(|slot| (*slot, U256::from(1))).collect(),
                ..AccountDiff::default()
            };
            trie.apply(&StateDiff { accounts: [(PASSER, change)].into(), ..StateDiff::default() });
            let asked = [slot(0), slot(17), slot(number * 5), slot(999)];
            let proof = trie.proof(&PASSER, &asked);
            let account = number.is_multiple_of(3).then(|| proof.proof.clone());
            let storage = trie.slot_nodes(&PASSER, &new);
            fixture.journal(&block).await;
            let kept = WithdrawalNodes { account: account.clone(), storage };
            fixture.index().write(fixture.fence, &block.pack().unwrap(), &kept).await.unwrap();
            expected.push((number, account, proof));
        }
        let reader = ChainReader::new(fixture.test.database.clone());
        for (number, account, proof) in &expected {
            assert_eq!(reader.withdrawal_account(*number).await.unwrap(), *account);
            for slot in &proof.storage {
                let found = reader.withdrawal_proof(proof.storage_root, slot.slot).await.unwrap();
                assert_eq!(found.as_ref(), Some(slot));
            }
        }
        assert_eq!(reader.withdrawal_account(99).await.unwrap(), None);
        assert_eq!(reader.withdrawal_proof(B256::repeat_byte(1), slot(0)).await.unwrap(), None);
        // A damaged node proves nothing.
        let damage = "UPDATE withdrawal_nodes SET node = node || '\\x00'";
        sqlx::raw_sql(damage).execute(fixture.test.database.pool()).await.unwrap();
        let root = expected.pop().unwrap().2.storage_root;
        let error = reader.withdrawal_proof(root, slot(0)).await.unwrap_err();
        assert_eq!(error.severity(), Severity::Critical);
    }
}
