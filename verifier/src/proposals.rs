//! Judges the proposals on L1 by what follows from the L1 that each of them has pinned, as a dispute about it would.
//!
//! A proposal is read and judged once the L1 block that holds it was processed: it is true if both its output root and the
//! root of the tree over the claims of its interval's segments are ours. One that was made before its blocks were posted is
//! wrong, whatever they turn out to be: what it pinned ends before them. One whose interval begins after a block that is not derived stays pending, as does
//! one that L1 does not show all of, and raises an alarm after a while. One that a dispute has removed is forgotten.
//!
//! Invariant: every verdict is about blocks that stand in the database, and goes away with them.

mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use db::{DerivedRoots, Fence};
use derivation::L1Processed;
use l1::{Proposal, ProposalSource};
use protocol::BlockId;
use service::error_chain;

pub(crate) use verdict::Summary;
use verdict::Verdict;

use crate::{Pins, SegmentError, Segments, VerifierError, metrics};

/// Proposals that are read from L1 at a time.
const PROPOSALS_PER_READ: u64 = 64;
/// Earlier proposals by whose pins one is judged.
const EARLIER_MAX: usize = 64;

/// Keeps the proposals and their verdicts.
#[derive(Debug)]
pub(crate) struct Judge {
    tables: db::VerifierStore,
    fence: Fence,
    segments: Segments,
    genesis_output: B256,
    /// L1 blocks after which a proposal that cannot be judged raises an alarm.
    alarm_l1_blocks: u64,
    /// Every proposal that stands on L1 and was read, by its place in the list.
    proposals: BTreeMap<u64, Judged>,
    /// Ids of those that were found wrong and told of, by an earlier process too.
    told: BTreeSet<u64>,
    /// Where reading begins again.
    next: u64,
    /// Those that raised an alarm.
    underivable: BTreeSet<u64>,
}

/// A proposal and what is thought of it.
#[derive(Debug, Clone, Copy)]
struct Judged {
    id: u64,
    l2_block: u64,
    l1_block: u64,
    /// L1 block after which it was first seen. One that a dispute has brought names the L1 block of the one before it.
    seen: u64,
    /// What it has pinned; `None` if an earlier process judged it and it was not read since.
    pins: Option<Pins>,
    verdict: Verdict,
}

impl Judge {
    /// The judge with the verdicts of earlier processes. What they found wrong or could not judge is read and
    /// judged again, because not everything of it is remembered.
    pub(crate) async fn restore(
        tables: db::VerifierStore,
        fence: Fence,
        segments: Segments,
        genesis_output: B256,
        alarm_l1_blocks: u64,
    ) -> Result<Self, VerifierError> {
        let rows = tables.proposals().await.map_err(VerifierError::Tables)?;
        let agreed = rows.iter().filter(|row| row.verdict == db::ProposalVerdict::Agreed);
        let agreed = agreed.map(|row| (row.index, Judged::agreed(row)));
        let told = rows.iter().filter(|row| row.verdict == db::ProposalVerdict::Disagreed);
        let told = told.map(|row| row.id).collect();
        let mut judge = Self {
            fence,
            segments,
            genesis_output,
            alarm_l1_blocks,
            proposals: agreed.collect(),
            told,
            next: 0,
            underivable: BTreeSet::new(),
            tables,
        };
        // Some are read again, for what they have pinned.
        judge.next = judge.first_unread().saturating_sub(PROPOSALS_PER_READ);
        Ok(judge)
    }

    /// The first place in the list of which nothing is known.
    fn first_unread(&self) -> u64 {
        let known = self.proposals.keys();
        known.zip(0..).find(|(index, place)| *index != place).map_or_else(
            || self.proposals.last_key_value().map_or(0, |(last, _)| last.saturating_add(1)),
            |(_, place)| place,
        )
    }

    /// Reads what is new after a processed L1 block, and judges what can be judged.
    pub(crate) async fn round(
        &mut self,
        source: &ProposalSource,
        processed: &L1Processed,
    ) -> Result<(), VerifierError> {
        self.forget_removed(source, processed.l1).await?;
        self.read(source, processed.l1).await?;
        for proposal in self.open().collect::<Vec<_>>() {
            self.judge(&proposal).await?;
        }
        self.raise_alarms(processed.l1.number);
        self.summary().count();
        Ok(())
    }

    /// Proposals without a verdict.
    fn open(&self) -> impl Iterator<Item = Proposal> + '_ {
        self.proposals.values().filter_map(|judged| match judged.verdict {
            Verdict::Pending(proposal) => Some(proposal),
            Verdict::Agree | Verdict::Disagree { .. } => None,
        })
    }

    /// Disputes remove proposals without a reorg of L1. Ids rise with the place, and whatever goes takes all later ones
    /// along, so while the last that is known has its id, all before it have theirs.
    async fn forget_removed(
        &mut self,
        source: &ProposalSource,
        at: BlockId,
    ) -> Result<(), VerifierError> {
        let mut removed_from = None;
        while let Some((&index, judged)) = self.proposals.last_key_value() {
            let standing = source.id(index, at).await.map_err(VerifierError::L1)?;
            if standing == Some(judged.id) {
                break;
            }
            removed_from = Some(index);
            self.proposals.remove(&index);
        }
        let Some(index) = removed_from else { return Ok(()) };
        let removing = self.tables.remove_proposals(self.fence, index).await;
        removing.map_err(VerifierError::Tables)?;
        self.underivable.retain(|known| *known < index);
        self.next = self.first_unread();
        tracing::info!(from_index = index, "a dispute has removed proposals");
        Ok(())
    }

    async fn read(&mut self, source: &ProposalSource, at: BlockId) -> Result<(), VerifierError> {
        loop {
            let proposals = source.list(self.next, PROPOSALS_PER_READ, at).await;
            let proposals = proposals.map_err(VerifierError::L1)?;
            let is_last =
                proposals.len() < usize::try_from(PROPOSALS_PER_READ).unwrap_or(usize::MAX);
            for proposal in proposals {
                self.next = proposal.index.saturating_add(1);
                if let Some(known) = self.proposals.get_mut(&proposal.index) {
                    known.pins = Some(Pins::from(&proposal));
                    continue;
                }
                self.remember(&proposal, at).await?;
                self.proposals.insert(proposal.index, Judged::pending(proposal, at.number));
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn remember(&self, proposal: &Proposal, l1_block: BlockId) -> Result<(), VerifierError> {
        let seen = db::SeenProposal {
            id: proposal.id,
            index: proposal.index,
            l2_block: proposal.l2_block,
            output_root: proposal.output_root,
            segments_root: proposal.segments_root,
            proposer: proposal.proposer,
            l1_block,
        };
        self.tables.add_proposal(self.fence, &seen).await.map_err(VerifierError::Tables)
    }

    async fn judge(&mut self, proposal: &Proposal) -> Result<(), VerifierError> {
        let index = proposal.index;
        let derived = match self.derived_roots(proposal).await {
            Ok(Some(derived)) => derived,
            Ok(None) => return Ok(()),
            Err(SegmentError::Database(source)) => return Err(*source),
            // The next L1 block brings another chance, and the others are judged meanwhile.
            Err(error) => {
                let error = error_chain(&error);
                tracing::warn!(proposal = index, error, "a proposal could not be judged");
                return Ok(());
            }
        };
        let verdict = Verdict::of(proposal, derived);
        let agrees = matches!(verdict, Verdict::Agree);
        let writing = self.tables.judge(self.fence, index, agrees, &derived).await;
        writing.map_err(VerifierError::Tables)?;
        if let Some(judged) = self.proposals.get_mut(&index) {
            judged.verdict = verdict;
        }
        self.underivable.remove(&index);
        metrics::judged(agrees);
        if agrees {
            tracing::info!(index, l2_block = proposal.l2_block, "proposal is true");
        } else if self.told.insert(proposal.id) {
            self.tell(index);
        }
        Ok(())
    }

    /// A person must look: this is what the verifier is for.
    fn tell(&self, index: u64) {
        let disagreements = self.summary().disagreements;
        let Some(wrong) = disagreements.iter().find(|wrong| wrong.proposal == index) else {
            return;
        };
        tracing::error!(
            proposal = index,
            l2_block = wrong.l2_block,
            first_bad_block = wrong.first_bad_block,
            agreed_before = wrong.agreed_before,
            claimed = %wrong.claimed_output_root,
            derived = ?wrong.derived_output_root,
            claimed_segments = %wrong.claimed_segments_root,
            derived_segments = %wrong.derived_segments_root,
            proposer = %wrong.proposer,
            l1_block = wrong.l1_block,
            "PROPOSAL IS WRONG: L1 holds claims that do not follow from L1"
        );
    }

    /// What a proposal has to claim; `None` while that cannot be told.
    async fn derived_roots(
        &self,
        proposal: &Proposal,
    ) -> Result<Option<DerivedRoots>, SegmentError> {
        if proposal.l2_block == 0 {
            // The contract itself makes this one, and there is no interval before it.
            let (output_root, segments_root) = (self.genesis_output, B256::ZERO);
            return Ok(Some(DerivedRoots { output_root, segments_root }));
        }
        let before = self.proposals.range(..proposal.index).rev();
        let earlier = before.filter_map(|(_, judged)| judged.pins);
        let earlier = earlier.take(EARLIER_MAX).collect();
        let pins = Pins::from(proposal);
        let blocks = (proposal.parent_block, proposal.l2_block);
        let interval = self.segments.pinned(blocks, pins, earlier).await?;
        Ok(interval.map(|interval| DerivedRoots {
            // Where its block does not follow, nothing has the output root that it claims.
            output_root: match interval.is_whole() {
                true => interval.last().output_root(),
                false => B256::ZERO,
            },
            segments_root: interval.tree().root(),
        }))
    }

    fn raise_alarms(&mut self, l1_number: u64) {
        let late: Vec<_> = self
            .open()
            .filter(|open| open.l1_block.saturating_add(self.alarm_l1_blocks) < l1_number)
            .collect();
        for proposal in late {
            if self.underivable.insert(proposal.index) {
                tracing::error!(
                    proposal = proposal.index,
                    l2_block = proposal.l2_block,
                    l1_block = proposal.l1_block,
                    proposer = %proposal.proposer,
                    "a proposal still cannot be judged: what it begins after does not follow from L1, or L1 is not readable"
                );
            }
        }
    }

    /// L1 blocks above `l1_number` are gone, and with them the L2 blocks above `keep`.
    pub(crate) fn unwind(&mut self, l1_number: u64, keep: u64) {
        self.proposals.retain(|_, judged| judged.seen <= l1_number && judged.l2_block <= keep);
        self.underivable.retain(|index| self.proposals.contains_key(index));
        let kept: BTreeSet<u64> = self.proposals.values().map(|judged| judged.id).collect();
        self.told.retain(|id| kept.contains(id));
        self.next = self.first_unread();
    }

    /// Everything that is shown of the verdicts.
    pub(crate) fn summary(&self) -> Summary {
        Summary::new(&self.proposals, &self.underivable)
    }
}

impl Judged {
    fn pending(proposal: Proposal, seen: u64) -> Self {
        let Proposal { id, l2_block, l1_block, .. } = proposal;
        let pins = Some(Pins::from(&proposal));
        Self { id, l2_block, l1_block, seen, pins, verdict: Verdict::Pending(proposal) }
    }

    const fn agreed(row: &db::StoredProposal) -> Self {
        let seen = row.l1_block.number;
        let (id, l2_block) = (row.id, row.l2_block);
        Self { id, l2_block, l1_block: seen, seen, pins: None, verdict: Verdict::Agree }
    }
}
