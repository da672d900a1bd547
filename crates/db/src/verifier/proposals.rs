//! Proposals on L1, and the verifier's verdict on each.
//!
//! Invariant: a verdict names the roots that the verifier computed itself, and it agrees where both are equal. Output roots
//! may be equal under a disagreement: a proposal claims what stands after each segment of its interval, not the end alone.

use alloy_primitives::{Address, B256};
use protocol::BlockId;
use sqlx::{Row, postgres::PgRow};

use super::{VerifierError, VerifierStore, commit};
use crate::{
    convert::{Addr, Big, Hash},
    lease::Fence,
    metrics::timed,
    transaction::Transaction,
};

/// What the verifier thinks of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalVerdict {
    /// What it would have to claim is not known yet.
    Unchecked,
    /// Everything that it claims is true.
    Agreed,
    /// Something is not.
    Disagreed,
}

/// A proposal as L1 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenProposal {
    /// Its name, which no other ever has.
    pub id: u64,
    /// Its place in the list, which another has once a dispute has removed it.
    pub index: u64,
    /// The L2 block that it is about.
    pub l2_block: u64,
    /// The output root that it claims.
    pub output_root: B256,
    /// The root over the claims of its interval's segments that it claims.
    pub segments_root: B256,
    /// Who claims it.
    pub proposer: Address,
    /// The L1 block after which it was first seen.
    pub l1_block: BlockId,
}

/// A proposal with the verdict on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredProposal {
    /// Its name, which no other ever has.
    pub id: u64,
    /// Its place in the list, which another has once a dispute has removed it.
    pub index: u64,
    /// The L2 block that it is about.
    pub l2_block: u64,
    /// The output root that it claims.
    pub output_root: B256,
    /// The root over the claims of its interval's segments that it claims.
    pub segments_root: B256,
    /// Who claims it.
    pub proposer: Address,
    /// The L1 block after which it was first seen.
    pub l1_block: BlockId,
    /// What the verifier thinks of it.
    pub verdict: ProposalVerdict,
    /// What the verifier computed; `None` while it is unchecked.
    pub derived: Option<DerivedRoots>,
}

/// What a proposal would have to claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivedRoots {
    /// The output root of its block; zero where none follows from what L1 held when it was made.
    pub output_root: B256,
    /// The root over the claims of its interval's segments.
    pub segments_root: B256,
}

impl VerifierStore {
    /// Stores a proposal that was seen on L1, unchecked. One that is stored already stays as it is, with its verdict, unless
    /// another has its place now.
    pub async fn add_proposal(
        &self,
        fence: Fence,
        proposal: &SeenProposal,
    ) -> Result<(), VerifierError> {
        const ACT: &str = "store a proposal";
        let failed = |source| VerifierError::Write { act: ACT, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let query = sqlx::query(
            "INSERT INTO proposals
                 (proposal_index, l2_block, output_root, proposer, l1_block, l1_block_hash,
                  segments_root, proposal_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (proposal_index) DO UPDATE
             SET l2_block = $2, output_root = $3, proposer = $4, l1_block = $5, l1_block_hash = $6,
                 segments_root = $7, proposal_id = $8, verdict = 'unchecked', derived_root = NULL,
                 derived_segments_root = NULL, checked_at = NULL
             WHERE proposals.proposal_id <> $8",
        )
        .bind(Big(proposal.index))
        .bind(Big(proposal.l2_block))
        .bind(Hash(proposal.output_root))
        .bind(Addr(proposal.proposer))
        .bind(Big(proposal.l1_block.number))
        .bind(Hash(proposal.l1_block.hash))
        .bind(Hash(proposal.segments_root))
        .bind(Big(proposal.id));
        timed("verifier_add_proposal", query.execute(&mut *transaction)).await.map_err(failed)?;
        commit(transaction, fence, ACT).await
    }

    /// Stores the verdict on a proposal, with the roots that the verifier computed.
    pub async fn judge(
        &self,
        fence: Fence,
        index: u64,
        agrees: bool,
        derived: &DerivedRoots,
    ) -> Result<(), VerifierError> {
        const ACT: &str = "judge a proposal";
        let failed = |source| VerifierError::Write { act: ACT, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let query = sqlx::query(
            "UPDATE proposals SET verdict = $2, derived_root = $3, derived_segments_root = $4,
                 checked_at = now()
             WHERE proposal_index = $1",
        )
        .bind(Big(index))
        .bind(if agrees { "agreed" } else { "disagreed" })
        .bind(Hash(derived.output_root))
        .bind(Hash(derived.segments_root));
        timed("verifier_judge", query.execute(&mut *transaction)).await.map_err(failed)?;
        commit(transaction, fence, ACT).await
    }

    /// Forgets the proposals from this place on: a dispute has removed them.
    pub async fn remove_proposals(&self, fence: Fence, index: u64) -> Result<(), VerifierError> {
        const ACT: &str = "remove proposals";
        let failed = |source| VerifierError::Write { act: ACT, source };
        let mut transaction = Transaction::begin(self.database.pool()).await.map_err(failed)?;
        let query =
            sqlx::query("DELETE FROM proposals WHERE proposal_index >= $1").bind(Big(index));
        let done = query.execute(&mut *transaction);
        timed("verifier_remove_proposals", done).await.map_err(failed)?;
        commit(transaction, fence, ACT).await
    }

    /// All proposals, by place.
    pub async fn proposals(&self) -> Result<Vec<StoredProposal>, VerifierError> {
        let query = sqlx::query(
            "SELECT proposal_index, l2_block, output_root, proposer, l1_block, l1_block_hash,
                    verdict, derived_root, segments_root, derived_segments_root, proposal_id
             FROM proposals ORDER BY proposal_index",
        );
        let rows = timed("verifier_proposals", query.fetch_all(self.database.pool()));
        rows.await.map_err(read_failed)?.iter().map(proposal).collect()
    }
}

const fn read_failed(source: sqlx::Error) -> VerifierError {
    VerifierError::Read { act: "read proposals", source }
}

fn proposal(row: &PgRow) -> Result<StoredProposal, VerifierError> {
    let index = row.try_get::<Big, _>(0).map_err(read_failed)?.0;
    let verdict: &str = row.try_get(6).map_err(read_failed)?;
    let derived_root: Option<Hash> = row.try_get(7).map_err(read_failed)?;
    let derived_segments: Option<Hash> = row.try_get(9).map_err(read_failed)?;
    let derived = derived_root.zip(derived_segments);
    let derived = derived.map(|(output, segments)| DerivedRoots {
        output_root: output.0,
        segments_root: segments.0,
    });
    let output_root = row.try_get::<Hash, _>(2).map_err(read_failed)?.0;
    let segments_root = row.try_get::<Hash, _>(8).map_err(read_failed)?.0;
    let verdict = match (verdict, derived) {
        ("unchecked", None) => ProposalVerdict::Unchecked,
        ("agreed", Some(derived)) if derived == DerivedRoots { output_root, segments_root } => {
            ProposalVerdict::Agreed
        }
        ("disagreed", Some(_)) => ProposalVerdict::Disagreed,
        _ => return Err(VerifierError::Corrupt(index)),
    };
    Ok(StoredProposal {
        id: row.try_get::<Big, _>(10).map_err(read_failed)?.0,
        index,
        l2_block: row.try_get::<Big, _>(1).map_err(read_failed)?.0,
        output_root,
        segments_root,
        proposer: row.try_get::<Addr, _>(3).map_err(read_failed)?.0,
        l1_block: BlockId {
            number: row.try_get::<Big, _>(4).map_err(read_failed)?.0,
            hash: row.try_get::<Hash, _>(5).map_err(read_failed)?.0,
        },
        verdict,
        derived,
    })
}
