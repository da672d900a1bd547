//! Which queued records get a nonce, and which nonce. Part of the pure decision.
//!
//! Invariant: a nonce is given once, the lowest free one first, and never to the pool that is not in use.

use std::{collections::BTreeSet, time::Duration};

use alloy::primitives::U256;

use super::{Action, Blocked, Context, Decision, Stage, TxState, TxTrack, cost};
use crate::tx::record::{Outcome, PoolKind};

/// Gives nonces to queued records, in order, as far as limits, pools and funds allow.
pub(super) struct Queue<'a> {
    context: Context<'a>,
    owned: BTreeSet<u64>,
    in_flight: usize,
    kind: Option<PoolKind>,
    committed: U256,
}

impl<'a> Queue<'a> {
    pub(super) fn new(
        context: Context<'a>,
        in_flight: &[(u64, &TxTrack)],
        tracks: &[TxTrack],
    ) -> Self {
        let committed = in_flight.iter().fold(U256::ZERO, |sum, (_, track)| {
            let last = track.record.last_attempt();
            sum.saturating_add(last.map_or(U256::ZERO, |a| cost(track, a.gas_limit, &a.fees)))
        });
        // The pool is left only when its last transaction is deep enough. Else a reorg could put one back in line
        // before transactions of the other pool, and no node would take it any more.
        let mut holding = tracks.iter().filter(|track| track.record.nonce.is_some());
        Self {
            context,
            owned: tracks.iter().filter_map(|track| track.record.nonce).collect(),
            in_flight: in_flight.len(),
            kind: holding.next().map(|track| track.record.request.kind()),
            committed,
        }
    }

    pub(super) fn run(mut self, state: &TxState, decision: &mut Decision) {
        let l1 = self.context.l1;
        for track in state.tracks.iter().filter(|track| track.stage(l1) == Stage::Queued) {
            if track.record.cancel_requested {
                let outcome = Outcome::Cancelled(None);
                decision.actions.push(Action::Close(track.record.id, outcome));
            } else if !self.try_send(track, decision) {
                break;
            }
        }
        self.close_gap(state.gap_since, decision);
    }

    /// Returns whether the next record may be tried.
    fn try_send(&mut self, track: &TxTrack, decision: &mut Decision) -> bool {
        let Context { l1, config, .. } = self.context;
        let kind = track.record.request.kind();
        let nonce = self.lowest_free();
        let fills_gap = self.owned.range(nonce..).next().is_some();
        if self.kind.is_some_and(|in_flight| in_flight != kind) {
            // A gap can only be filled from the pool that waits for it, so the order of the queue gives way.
            return fills_gap;
        }
        if !fills_gap && self.in_flight >= config.in_flight_max {
            return false;
        }
        let Some(gas_limit) = track.gas_limit else {
            decision.actions.push(Action::EstimateGas(track.record.id));
            return false;
        };
        let fees = match config.fees.first(&l1.quote, kind) {
            Ok(fees) => fees,
            Err(cap) => {
                decision.blocked.get_or_insert(Blocked::FeeCap(cap));
                return false;
            }
        };
        let required = self.committed.saturating_add(cost(track, gas_limit, &fees));
        if required > l1.balance {
            self.context.note_funds(decision, required);
            return false;
        }
        let id = track.record.id;
        decision.actions.push(Action::Send { id, nonce, gas_limit, fees, cancels: false });
        self.owned.insert(nonce);
        self.in_flight += 1;
        self.kind = Some(kind);
        self.committed = required;
        true
    }

    fn lowest_free(&self) -> u64 {
        let mut nonce = self.context.l1.nonce;
        while self.owned.contains(&nonce) {
            nonce += 1;
        }
        nonce
    }

    fn close_gap(&self, gap_since: Option<Duration>, decision: &mut Decision) {
        let nonce = self.lowest_free();
        if self.owned.range(nonce..).next().is_none() {
            return;
        }
        decision.gap = Some(nonce);
        if gap_since.is_some_and(|since| self.context.has_waited(since))
            && let Some(kind) = self.kind
        {
            decision.actions.push(Action::FillGap { nonce, kind });
        }
    }
}
