//! Proposals on L1, and the verifier's verdict on each.
//!
//! Invariant: a verdict names the root that the verifier computed itself, and agrees exactly when the roots are equal.

use alloy_primitives::{Address, B256};
use protocol::BlockId;
use sqlx::{Row, postgres::PgRow};

use super::{VerifierError, VerifierStore, commit};
use crate::{
    convert::{Addr, Big, Hash},
    lease::Fence,
    metrics::timed,
};

/// What the verifier thinks of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its block is not derived yet.
    Unchecked,
    /// The roots are equal.
    Agreed,
    /// They are not.
    Disagreed {
        /// The right one.
        derived_root: B256,
    },
}

/// A proposal as L1 has it, with the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// Its number in the oracle contract.
    pub index: u64,
    /// The L2 block that it is about.
    pub l2_block: u64,
    /// The output root that it claims.
    pub output_root: B256,
    /// Who claims it.
    pub proposer: Address,
    /// The L1 block in which it was made.
    pub l1_block: BlockId,
    /// What the verifier thinks of it.
    pub verdict: Verdict,
}

impl VerifierStore {
    /// Stores a proposal that was seen on L1, unchecked. One that is stored already stays as it is, with its verdict.
    pub async fn add_proposal(
        &self,
        fence: Fence,
        proposal: &Proposal,
    ) -> Result<(), VerifierError> {
        const ACT: &str = "store a proposal";
        let failed = |source| VerifierError::Write { act: ACT, source };
        let mut transaction = self.database.pool().begin().await.map_err(failed)?;
        let query = sqlx::query(
            "INSERT INTO proposals
                 (proposal_index, l2_block, output_root, proposer, l1_block, l1_block_hash)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (proposal_index) DO NOTHING",
        )
        .bind(Big(proposal.index))
        .bind(Big(proposal.l2_block))
        .bind(Hash(proposal.output_root))
        .bind(Addr(proposal.proposer))
        .bind(Big(proposal.l1_block.number))
        .bind(Hash(proposal.l1_block.hash));
        timed("verifier_add_proposal", query.execute(&mut *transaction)).await.map_err(failed)?;
        commit(transaction, fence, ACT).await
    }

    /// Judges a proposal by the root that the verifier derived for its block.
    pub async fn judge(
        &self,
        fence: Fence,
        index: u64,
        derived_root: B256,
    ) -> Result<(), VerifierError> {
        const ACT: &str = "judge a proposal";
        let failed = |source| VerifierError::Write { act: ACT, source };
        let mut transaction = self.database.pool().begin().await.map_err(failed)?;
        let query = sqlx::query(
            "UPDATE proposals SET derived_root = $2, checked_at = now(),
                 verdict = CASE WHEN output_root = $2 THEN 'agreed' ELSE 'disagreed' END
             WHERE proposal_index = $1",
        )
        .bind(Big(index))
        .bind(Hash(derived_root));
        timed("verifier_judge", query.execute(&mut *transaction)).await.map_err(failed)?;
        commit(transaction, fence, ACT).await
    }

    /// Unchecked proposals about blocks up to `l2_block`, by block.
    pub async fn unchecked(&self, l2_block: u64) -> Result<Vec<Proposal>, VerifierError> {
        let query = sqlx::query(
            "SELECT proposal_index, l2_block, output_root, proposer, l1_block, l1_block_hash,
                    verdict, derived_root
             FROM proposals WHERE verdict = 'unchecked' AND l2_block <= $1
             ORDER BY l2_block, proposal_index",
        )
        .bind(Big(l2_block));
        let rows = timed("verifier_unchecked", query.fetch_all(self.database.pool()));
        rows.await.map_err(read_failed)?.iter().map(proposal).collect()
    }

    /// Proposals from number `first` on, in order, at most `limit` of them.
    pub async fn proposals(&self, first: u64, limit: u32) -> Result<Vec<Proposal>, VerifierError> {
        let query = sqlx::query(
            "SELECT proposal_index, l2_block, output_root, proposer, l1_block, l1_block_hash,
                    verdict, derived_root
             FROM proposals WHERE proposal_index >= $1 ORDER BY proposal_index LIMIT $2",
        )
        .bind(Big(first))
        .bind(i64::from(limit));
        let rows = timed("verifier_proposals", query.fetch_all(self.database.pool()));
        rows.await.map_err(read_failed)?.iter().map(proposal).collect()
    }
}

const fn read_failed(source: sqlx::Error) -> VerifierError {
    VerifierError::Read { act: "read proposals", source }
}

fn proposal(row: &PgRow) -> Result<Proposal, VerifierError> {
    let index = row.try_get::<Big, _>(0).map_err(read_failed)?.0;
    let verdict: &str = row.try_get(6).map_err(read_failed)?;
    let derived_root: Option<Hash> = row.try_get(7).map_err(read_failed)?;
    let output_root = row.try_get::<Hash, _>(2).map_err(read_failed)?.0;
    let verdict = match (verdict, derived_root) {
        ("unchecked", None) => Verdict::Unchecked,
        ("agreed", Some(Hash(derived))) if derived == output_root => Verdict::Agreed,
        ("disagreed", Some(Hash(derived_root))) if derived_root != output_root => {
            Verdict::Disagreed { derived_root }
        }
        _ => return Err(VerifierError::Corrupt(index)),
    };
    Ok(Proposal {
        index,
        l2_block: row.try_get::<Big, _>(1).map_err(read_failed)?.0,
        output_root,
        proposer: row.try_get::<Addr, _>(3).map_err(read_failed)?.0,
        l1_block: BlockId {
            number: row.try_get::<Big, _>(4).map_err(read_failed)?.0,
            hash: row.try_get::<Hash, _>(5).map_err(read_failed)?.0,
        },
        verdict,
    })
}
