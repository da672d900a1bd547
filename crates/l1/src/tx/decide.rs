//! What to do next about every open record. Pure: state and time in, actions out; the driver performs them.
//!
//! A record is *queued* (no nonce), *in flight* (a nonce that L1 has not used), *mined* (a receipt), or *consumed*
//! (L1 used its nonce and no receipt is seen: the endpoint lags, or a foreign transaction took it).

mod queue;

use std::time::Duration;

use alloy::primitives::U256;
use protocol::{
    BlockId,
    blob::{BLOB_BYTES, blobs_needed},
};

use self::queue::Queue;
use super::{
    broadcast::BroadcastError,
    config::TxConfig,
    fees::{FeeCapReached, FeeQuote, Fees},
    record::{Attempt, Inclusion, Outcome, PoolKind, TxId, TxRecord},
    sign::TRANSFER_GAS,
};

/// Broadcasts of one attempt, without being underpriced, after which the price must be the reason.
const BROADCASTS_BEFORE_BUMP: u32 = 2;

/// L1 at one block hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L1View {
    /// The block everything else was read at.
    pub head: BlockId,
    /// The next nonce of the sender.
    pub nonce: u64,
    /// The next nonce of the sender so many blocks below the head that no reorg is expected to change it.
    pub settled_nonce: u64,
    /// Balance of the sender in wei.
    pub balance: U256,
    /// What the next block charges.
    pub quote: FeeQuote,
}

/// What happened to the newest attempt since this process started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastBroadcast {
    /// When, on the sender's own clock.
    pub at: Duration,
    /// Number of the L1 head at that time.
    pub head: u64,
    /// How often this attempt was broadcast.
    pub times: u32,
    /// What the node said against it.
    pub error: Option<BroadcastError>,
}

/// An open record, and what is known beyond the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxTrack {
    /// The record as stored.
    pub record: TxRecord,
    /// Gas limit of its first attempt: as requested, or as estimated.
    pub gas_limit: Option<u64>,
    /// Where L1 shows it mined now.
    pub seen: Option<Inclusion>,
    /// The newest broadcast of this process.
    pub broadcast: Option<LastBroadcast>,
    /// Since when its nonce is used up without a receipt.
    pub consumed_since: Option<Duration>,
}

/// Everything a decision depends on, but the time.
#[derive(Clone, Debug)]
pub struct TxState {
    /// L1 now.
    pub l1: L1View,
    /// Open records by rising id.
    pub tracks: Vec<TxTrack>,
    /// Since when a nonce below one in flight belongs to nobody.
    pub gap_since: Option<Duration>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask L1 for the gas of a queued record.
    EstimateGas(TxId),
    /// Sign, record, then broadcast a new attempt.
    Send {
        /// Record.
        id: TxId,
        /// Nonce, new or kept.
        nonce: u64,
        /// Gas limit.
        gas_limit: u64,
        /// Fees.
        fees: Fees,
        /// Whether it only takes the nonce away.
        cancels: bool,
    },
    /// Broadcast the newest attempt once more.
    Rebroadcast {
        /// Record.
        id: TxId,
        /// Nonce it holds.
        nonce: u64,
    },
    /// Note where a record was mined.
    Include(TxId, Inclusion),
    /// Note that a reorg took it out again.
    Exclude(TxId),
    /// A foreign transaction took the nonce: queue the record again.
    ReleaseNonce(TxId),
    /// Put a record aside whose only attempt no node will ever take.
    Refuse(TxId),
    /// Close a record.
    Close(TxId, Outcome),
    /// Submit a transfer of nothing, so that transactions with higher nonces can be mined.
    FillGap {
        /// The nonce that belongs to nobody.
        nonce: u64,
        /// The pool of the transactions above.
        kind: PoolKind,
    },
}

/// Why transactions wait although L1 answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// L1 charges more than the cap.
    FeeCap(FeeCapReached),
    /// The account cannot pay for what it should send.
    InsufficientFunds {
        /// Wei it has.
        balance: U256,
        /// Wei that everything in flight and the next transaction may cost.
        required: U256,
    },
}

/// What to do, and what stands in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// In the order in which to do it.
    pub actions: Vec<Action>,
    /// What stops the queue, if anything does.
    pub blocked: Option<Blocked>,
    /// The lowest nonce that belongs to nobody while a higher one is in flight.
    pub gap: Option<u64>,
}

impl Action {
    /// Nodes take nonces in order, and one that is not taken makes the ones above it pointless. So broadcasts come by
    /// rising nonce, after all that needs no node, and before what only concerns the queue.
    const fn order(&self) -> (u8, u64) {
        match self {
            Self::Send { nonce, .. } | Self::Rebroadcast { nonce, .. } => (1, *nonce),
            Self::EstimateGas(_) => (2, 0),
            _ => (0, 0),
        }
    }
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Queued,
    InFlight(u64),
    Consumed,
    Mined(Inclusion),
}

impl TxTrack {
    /// A record as it comes from the store.
    #[must_use]
    pub const fn new(record: TxRecord) -> Self {
        let gas_limit = record.request.gas_limit;
        Self { record, gas_limit, seen: None, broadcast: None, consumed_since: None }
    }

    const fn stage(&self, l1: &L1View) -> Stage {
        match (self.seen, self.record.nonce) {
            (Some(inclusion), _) => Stage::Mined(inclusion),
            (None, None) => Stage::Queued,
            (None, Some(nonce)) if nonce < l1.nonce => Stage::Consumed,
            (None, Some(nonce)) => Stage::InFlight(nonce),
        }
    }

    /// Whether L1 used its nonce and shows no receipt.
    pub(super) fn is_consumed(&self, l1: &L1View) -> bool {
        self.stage(l1) == Stage::Consumed
    }

    /// Whether it holds a nonce that L1 has not used.
    pub(super) const fn is_in_flight(&self, l1: &L1View) -> bool {
        matches!(self.stage(l1), Stage::InFlight(_))
    }
}

/// Decides what to do next. The same arguments give the same decision.
#[must_use]
pub fn decide(state: &TxState, config: &TxConfig, now: Duration) -> Decision {
    let context = Context { l1: &state.l1, config, now };
    let mut decision = Decision::default();
    let mut in_flight: Vec<(u64, &TxTrack)> = Vec::new();
    for track in &state.tracks {
        if track.seen.is_none() && track.record.inclusion.is_some() {
            decision.actions.push(Action::Exclude(track.record.id));
        }
        match track.stage(&state.l1) {
            Stage::Queued => {}
            Stage::InFlight(nonce) => in_flight.push((nonce, track)),
            Stage::Consumed => context.consumed(track, &mut decision),
            Stage::Mined(inclusion) => context.mined(track, inclusion, &mut decision),
        }
    }
    for (nonce, track) in &in_flight {
        context.in_flight(*nonce, track, &mut decision);
    }
    Queue::new(context, &in_flight, &state.tracks).run(state, &mut decision);
    decision.actions.sort_by_key(Action::order);
    decision
}

#[derive(Clone, Copy)]
struct Context<'a> {
    l1: &'a L1View,
    config: &'a TxConfig,
    now: Duration,
}

impl Context<'_> {
    fn has_waited(&self, since: Duration) -> bool {
        self.now.saturating_sub(since) >= self.config.resubmission_timeout
    }

    fn mined(&self, track: &TxTrack, inclusion: Inclusion, decision: &mut Decision) {
        let record = &track.record;
        if record.inclusion != Some(inclusion) {
            decision.actions.push(Action::Include(record.id, inclusion));
        }
        let depth = (self.l1.head.number + 1).saturating_sub(inclusion.block.number);
        if depth < std::cmp::max(self.config.confirmations, 1) {
            return;
        }
        let cancelled =
            record.attempts.iter().any(|attempt| attempt.hash == inclusion.hash && attempt.cancels);
        let outcome = if cancelled {
            Outcome::Cancelled(Some(inclusion))
        } else if inclusion.succeeded {
            Outcome::Confirmed(inclusion)
        } else {
            Outcome::Reverted(inclusion)
        };
        decision.actions.push(Action::Close(record.id, outcome));
    }

    /// A nonce counts as lost once no reorg can bring it back, or the record could land twice, and after some time,
    /// because a receipt may lag behind the nonce.
    fn consumed(&self, track: &TxTrack, decision: &mut Decision) {
        let id = track.record.id;
        let settled = track.record.nonce.is_some_and(|nonce| nonce < self.l1.settled_nonce);
        if !settled || !track.consumed_since.is_some_and(|since| self.has_waited(since)) {
            return;
        }
        decision.actions.push(if track.record.cancel_requested {
            Action::Close(id, Outcome::Cancelled(None))
        } else {
            Action::ReleaseNonce(id)
        });
    }

    fn in_flight(&self, nonce: u64, track: &TxTrack, decision: &mut Decision) {
        let record = &track.record;
        let Some(last) = record.last_attempt() else {
            // A nonce without an attempt was never seen by any node.
            decision.actions.push(Action::ReleaseNonce(record.id));
            return;
        };
        let rebroadcast = Action::Rebroadcast { id: record.id, nonce };
        let kind = record.request.kind();
        let underpriced = self.config.fees.is_underpriced(&last.fees, &self.l1.quote, kind);
        let wants_cancel = record.cancel_requested && !last.cancels;
        let Some(broadcast) = &track.broadcast else {
            // Unknown to this process, so maybe unknown to L1: the very same bytes again can do no harm.
            decision.actions.push(rebroadcast);
            return;
        };
        // While L1 stands still, neither time nor money helps.
        let due = self.has_waited(broadcast.at) && self.l1.head.number > broadcast.head;
        if wants_cancel {
            self.replace(track, last, due, decision);
            return;
        }
        match broadcast.error {
            Some(BroadcastError::ReplacementUnderpriced) => {
                self.replace(track, last, due, decision);
            }
            Some(BroadcastError::Refused) if record.current_attempts().count() == 1 => {
                decision.actions.push(Action::Refuse(record.id));
            }
            Some(BroadcastError::Underpriced | BroadcastError::Refused) => {
                if due || underpriced {
                    self.replace(track, last, due, decision);
                }
            }
            Some(BroadcastError::InsufficientFunds) => {
                self.note_funds(decision, cost(track, last.gas_limit, &last.fees));
                decision.actions.push(rebroadcast);
            }
            Some(
                BroadcastError::Unknown | BroadcastError::NonceGap | BroadcastError::OtherPool,
            ) => decision.actions.push(rebroadcast),
            Some(BroadcastError::NonceTooLow) | None if !due => {}
            Some(BroadcastError::NonceTooLow) => {
                decision.actions.push(rebroadcast);
            }
            None => {
                // Raising the price of a transaction that only waits for the one before it is wasted money.
                let first_in_line = nonce == self.l1.nonce;
                let tried = broadcast.times >= BROADCASTS_BEFORE_BUMP;
                if underpriced || (first_in_line && tried) {
                    self.replace(track, last, due, decision);
                } else {
                    decision.actions.push(rebroadcast);
                }
            }
        }
    }

    fn replace(&self, track: &TxTrack, last: &Attempt, due: bool, decision: &mut Decision) {
        let record = &track.record;
        let kind = record.request.kind();
        match self.config.fees.replacement(&last.fees, &self.l1.quote, kind) {
            Ok(fees) => {
                let cancels = record.cancel_requested;
                decision.actions.push(Action::Send {
                    id: record.id,
                    nonce: last.nonce,
                    gas_limit: if cancels { TRANSFER_GAS } else { last.gas_limit },
                    fees,
                    cancels,
                });
            }
            Err(cap) => {
                decision.blocked.get_or_insert(Blocked::FeeCap(cap));
                if due {
                    let nonce = last.nonce;
                    decision.actions.push(Action::Rebroadcast { id: record.id, nonce });
                }
            }
        }
    }

    fn note_funds(&self, decision: &mut Decision, required: U256) {
        let balance = self.l1.balance;
        decision.blocked.get_or_insert(Blocked::InsufficientFunds { balance, required });
    }
}

/// The most wei an attempt can cost.
fn cost(track: &TxTrack, gas_limit: u64, fees: &Fees) -> U256 {
    let request = &track.record.request;
    let blobs = request.blob_data.as_ref().map_or(0, |data| blobs_needed(data.len()));
    let gas = U256::from(gas_limit).saturating_mul(U256::from(fees.fee_per_gas));
    let blob_gas = U256::from(blobs * BLOB_BYTES).saturating_mul(U256::from(fees.fee_per_blob_gas));
    gas.saturating_add(blob_gas).saturating_add(request.value)
}

#[cfg(test)]
mod tests;
