//! How a dispute ends: its result is taken, and everybody gets what is theirs.

use alloy_primitives::B256;
use fault_proof::commitment::Commitment;

use super::{Mind, last_of};
use crate::{Act, CLAIM_BYTES, Source, Tournament};

const NO_CLAIM: [u8; CLAIM_BYTES] = [0; CLAIM_BYTES];
/// Places that are looked past in one call, at 7,000 gas each at most. More of them take more calls.
const PASSED_AT_ONCE: u64 = 1_024;

impl<S: Source + ?Sized> Mind<'_, S> {
    /// Takes the result of the outermost tournament, unless a lie has won it.
    pub(super) fn resolve(&mut self, id: B256, tournament: &Tournament, tree: &Commitment) {
        let (proposal, ours) = (&self.game.proposal, tree.root());
        let is_defended = tournament.waiting == Some(proposal.segments_root);
        let shown = match tournament.waiting {
            Some(winner) if winner != ours => return,
            // The proposal's own, or one of a proposal that fell before: nothing has to be shown.
            Some(_) if is_defended || !proposal.stands => Some((B256::ZERO, Vec::new())),
            Some(_) => last_of(tree),
            None => Some((B256::ZERO, Vec::new())),
        };
        let waits = proposal.waits_for_earlier || proposal.waits_for_passing;
        if proposal.stands && !is_defended && waits {
            return;
        }
        let Some((last_leaf, proof)) = shown else { return };
        let last_claim = self.source.last_claim().unwrap_or(NO_CLAIM);
        self.acts.push(Act::Resolve {
            tournament: id,
            last_leaf,
            proof,
            last_claim: Box::new(last_claim),
        });
    }

    /// Has the list look past what is decided, whoever it is about: until then nothing behind it is final.
    pub(super) fn pass(&mut self) {
        let proposal = &self.game.proposal;
        let is_open = self.game.outermost().is_some_and(|(_, tournament)| !tournament.concluded);
        if proposal.waits_for_passing && is_open {
            let most = std::cmp::min(proposal.index, PASSED_AT_ONCE);
            self.acts.push(Act::PassDecided { index: proposal.index, most });
        }
    }

    /// Collects what is ours, and takes it out once nothing more is to come from here.
    pub(super) fn settle(&mut self) {
        let (game, player) = (self.game, self.player);
        let proposal = &game.proposal;
        let is_judged = !proposal.stands || proposal.is_final;
        let can_claim = proposal.tournament.is_none() && is_judged && !proposal.bond_claimed;
        if can_claim && !proposal.decided && proposal.proposer == player.account {
            self.acts.push(Act::ClaimBond { id: proposal.id });
            return;
        }
        let worth = game.refunds.iter().filter(|refund| refund.amount >= player.collect_min);
        let collected = worth
            .map(|refund| Act::CollectRefund { of_match: refund.of_match, mover: player.account });
        let before = self.acts.len();
        self.acts.extend(collected);
        let is_done = self.acts.len() == before
            && game.outermost().is_none_or(|(_, tournament)| tournament.concluded);
        if is_done && !game.credit.is_zero() && game.credit >= player.collect_min {
            self.acts.push(Act::Withdraw { account: player.account });
        }
    }
}
