//! What proves withdrawals of a block for ever: nodes of the message passer's storage trie, and the way to its account.
//!
//! Not here: which nodes that are; the trie says it. Invariant: what is kept of a block is written and taken away
//! together with it.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use sqlx::PgConnection;

use crate::{convert::Big, metrics::timed};

/// What is kept of one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithdrawalNodes {
    /// From the state root to the message passer, if the block is one that gets proposed.
    pub account: Option<Vec<Bytes>>,
    /// Nodes of the message passer's storage trie, by hash: all that the block made, and maybe older ones.
    pub storage: BTreeMap<B256, Bytes>,
}

/// Writes what is kept of a block. Nodes that are there already stay as they are.
pub(super) async fn insert(
    connection: &mut PgConnection,
    number: u64,
    kept: &WithdrawalNodes,
) -> Result<(), sqlx::Error> {
    if !kept.storage.is_empty() {
        let hashes: Vec<&[u8]> = kept.storage.keys().map(|hash| &hash[..]).collect();
        let nodes: Vec<&[u8]> = kept.storage.values().map(|node| &node[..]).collect();
        let query = sqlx::query(
            "INSERT INTO withdrawal_nodes (hash, node, block_number)
             SELECT hash, node, $3 FROM UNNEST($1::bytea[], $2::bytea[]) AS made (hash, node)
             ON CONFLICT (hash) DO NOTHING",
        )
        .bind(hashes)
        .bind(nodes)
        .bind(Big(number));
        timed("index_insert_withdrawal_nodes", query.execute(&mut *connection)).await?;
    }
    if let Some(account) = &kept.account {
        let nodes: Vec<&[u8]> = account.iter().map(|node| &node[..]).collect();
        let query =
            sqlx::query("INSERT INTO withdrawal_accounts (block_number, nodes) VALUES ($1, $2)")
                .bind(Big(number))
                .bind(nodes);
        timed("index_insert_withdrawal_account", query.execute(connection)).await?;
    }
    Ok(())
}

/// Takes away what is kept of all blocks above `number`.
pub(super) async fn remove(connection: &mut PgConnection, number: u64) -> Result<(), sqlx::Error> {
    let removal = sqlx::query("DELETE FROM withdrawal_nodes WHERE block_number > $1");
    let removal = removal.bind(Big(number)).execute(&mut *connection);
    timed("index_remove_withdrawal_nodes", removal).await?;
    let removal = sqlx::query("DELETE FROM withdrawal_accounts WHERE block_number > $1");
    let removal = removal.bind(Big(number)).execute(connection);
    timed("index_remove_withdrawal_accounts", removal).await?;
    Ok(())
}
