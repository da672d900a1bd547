//! What is thought of proposals, and what follows from many of them together. Pure.

use std::collections::{BTreeMap, BTreeSet};

use db::DerivedRoots;
use l1::Proposal;

use super::Judged;
use crate::{Disagreement, Status, metrics};

/// What is thought of one proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What it would have to claim cannot be told yet.
    Pending(Proposal),
    /// It is true.
    Agree,
    /// It is wrong.
    Disagree { proposal: Proposal, derived: DerivedRoots },
}

impl Verdict {
    /// Judges a proposal by what it would have to claim.
    pub(super) fn of(proposal: &Proposal, derived: DerivedRoots) -> Self {
        let Proposal { output_root, segments_root, .. } = *proposal;
        if derived == (DerivedRoots { output_root, segments_root }) {
            Self::Agree
        } else {
            Self::Disagree { proposal: *proposal, derived }
        }
    }
}

/// All verdicts together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) agreed_to: Option<u64>,
    pub(crate) pending: usize,
    pub(crate) underivable: Vec<u64>,
    pub(crate) disagreements: Vec<Disagreement>,
}

impl Summary {
    pub(super) fn new(proposals: &BTreeMap<u64, Judged>, underivable: &BTreeSet<u64>) -> Self {
        let mut summary = Self {
            agreed_to: None,
            pending: 0,
            underivable: underivable.iter().copied().collect(),
            disagreements: Vec::new(),
        };
        // The last true proposal, and the first wrong one after it.
        let (mut agreed_before, mut first_bad) = (0, None);
        for (index, judged) in proposals {
            match judged.verdict {
                Verdict::Pending(_) => summary.pending += 1,
                Verdict::Agree => {
                    (agreed_before, first_bad) = (judged.l2_block, None);
                    if summary.disagreements.is_empty() {
                        summary.agreed_to = Some(judged.l2_block);
                    }
                }
                Verdict::Disagree { proposal, derived } => {
                    let first_bad_block = *first_bad.get_or_insert(judged.l2_block);
                    summary.disagreements.push(Disagreement {
                        proposal: *index,
                        l2_block: judged.l2_block,
                        first_bad_block,
                        agreed_before,
                        l1_block: judged.l1_block,
                        proposer: proposal.proposer,
                        claimed_output_root: proposal.output_root,
                        derived_output_root: Some(derived.output_root)
                            .filter(|root| !root.is_zero()),
                        claimed_segments_root: proposal.segments_root,
                        derived_segments_root: derived.segments_root,
                    });
                }
            }
        }
        summary
    }

    /// Puts the verdicts into the metrics.
    pub(super) fn count(&self) {
        metrics::proposals(
            self.agreed_to.unwrap_or_default(),
            self.pending,
            self.underivable.len(),
            self.disagreements.len(),
        );
    }

    /// Puts the verdicts into the status.
    pub(crate) fn show(self, status: &mut Status) {
        status.agreed_to = self.agreed_to;
        status.proposals_pending = self.pending;
        status.proposals_underivable = self.underivable;
        status.first_bad_block = self.disagreements.iter().map(|wrong| wrong.l2_block).min();
        status.disagreements = self.disagreements;
    }
}
