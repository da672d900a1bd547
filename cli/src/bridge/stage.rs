//! How far a withdrawal has come, and what it waits for: decided from facts, which are read elsewhere.
//!
//! ```text
//! waiting-to-prove ─▶ ready-to-prove ─▶ waiting-to-finalize ─▶ ready-to-finalize ─▶ finalized
//!                          ▲                    │ its proposal does not stand any more
//!                          └────────────────────┘
//! ```
//! The words are those of viem's `getWithdrawalStatus`.

use super::wait::words;

/// What is known of a withdrawal, all as of one L1 block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Timestamp of that block.
    pub(crate) now: u64,
    /// L2 block of the withdrawal.
    pub(crate) block: u64,
    /// Its timestamp.
    pub(crate) timestamp: u64,
    /// The newest proposal, if there is one.
    pub(crate) newest: Option<Newest>,
    /// Index of the first proposal that covers the withdrawal.
    pub(crate) covering: Option<u64>,
    /// Its proof.
    pub(crate) proof: Option<Proof>,
    /// Whether it was paid.
    pub(crate) finalized: bool,
    /// Until when the guardian holds withdrawals up; in the past if nobody does.
    pub(crate) paused_until: u64,
    /// What holds for all withdrawals.
    pub(crate) terms: Terms,
}

/// What the oracle fixes for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Seconds for which a proposal can be disputed, and a proof has to age.
    pub(crate) window: u64,
    /// L2 blocks between proposals.
    pub(crate) interval: u64,
    /// Seconds between L2 blocks.
    pub(crate) block_time: u64,
}

/// The newest proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Newest {
    /// Its L2 block.
    pub(crate) block: u64,
    /// L1 time at which it was made.
    pub(crate) made_at: u64,
    /// Whether a dispute has confirmed or brought it; then it may be as late as the dispute was long.
    pub(crate) decided: bool,
}

/// A proof that the portal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    /// L1 time of the proof.
    pub(crate) made_at: u64,
    /// The proposal that it was made against; `None` if that one does not stand any more.
    pub(crate) proposal: Option<Standing>,
}

/// A proposal that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// L1 time at which it was made.
    pub(crate) made_at: u64,
    /// Whether a dispute has confirmed or brought it, so that it needs no window.
    pub(crate) decided: bool,
    /// Whether it can no longer go.
    pub(crate) is_final: bool,
}

/// What a proven withdrawal waits for last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// The window, after proof and proposal.
    Window,
    /// The guardian's pause.
    Pause,
    /// An open dispute about its proposal or an earlier one.
    Dispute,
}

/// How far it has come. Times are in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No proposal covers it.
    WaitingToProve {
        /// Until one is expected; zero if it is overdue.
        about: u64,
        /// For how long it has been.
        overdue: u64,
    },
    /// It can be proven.
    ReadyToProve {
        /// The proposal to prove it against.
        proposal: u64,
        /// Whether there is a proof, which is worth nothing any more.
        again: bool,
    },
    /// It is proven, and cannot be paid yet.
    WaitingToFinalize {
        /// Until it can; zero in a dispute, whose end nobody knows.
        left: u64,
        /// What it waits for last.
        waits: Waits,
    },
    /// It can be paid.
    ReadyToFinalize,
    /// It was paid.
    Finalized,
}

impl Terms {
    /// Seconds from one proposal to the next, where nothing delays them.
    pub(crate) const fn between_proposals(&self) -> u64 {
        self.interval.saturating_mul(self.block_time)
    }
}

impl Facts {
    /// How far it has come.
    pub(crate) fn stage(&self) -> Stage {
        if self.finalized {
            return Stage::Finalized;
        }
        if let Some(Proof { made_at, proposal: Some(proposal) }) = self.proof {
            return self.proven(made_at, proposal);
        }
        match self.covering {
            Some(proposal) => Stage::ReadyToProve { proposal, again: self.proof.is_some() },
            None => self.uncovered(),
        }
    }

    /// The portal asks that more than the window has passed, so a second more.
    fn proven(&self, made_at: u64, proposal: Standing) -> Stage {
        let proposed_at = if proposal.decided { 0 } else { proposal.made_at };
        let from = std::cmp::max(made_at, proposed_at);
        let aged_at = from.saturating_add(self.terms.window).saturating_add(1);
        let ready_at = std::cmp::max(aged_at, self.paused_until);
        match ready_at.saturating_sub(self.now) {
            0 if proposal.is_final => Stage::ReadyToFinalize,
            0 => Stage::WaitingToFinalize { left: 0, waits: Waits::Dispute },
            left if self.paused_until > aged_at => {
                Stage::WaitingToFinalize { left, waits: Waits::Pause }
            }
            left => Stage::WaitingToFinalize { left, waits: Waits::Window },
        }
    }

    /// L2 blocks are a fixed time apart, so the time of the earliest block that can be proposed and covers it is known; the
    /// proposal is expected as long after it as the newest one came after its own, and never before the newest one.
    fn uncovered(&self) -> Stage {
        let Terms { interval, block_time, .. } = self.terms;
        let beyond = self.block.next_multiple_of(std::cmp::max(interval, 1)) - self.block;
        let due_at = self.timestamp + beyond * block_time;
        let newest_at = self.newest.map_or(0, |newest| newest.made_at);
        let usual = self.newest.filter(|newest| !newest.decided);
        let delay = usual.map_or(0, |newest| {
            let behind = self.block.saturating_sub(newest.block);
            let of_block = self.timestamp.saturating_sub(behind * block_time);
            newest.made_at.saturating_sub(of_block)
        });
        let expected_at = std::cmp::max(due_at + delay, newest_at);
        Stage::WaitingToProve {
            about: expected_at.saturating_sub(self.now),
            overdue: self.now.saturating_sub(expected_at),
        }
    }
}

impl Stage {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::WaitingToProve { .. } => "waiting-to-prove",
            Self::ReadyToProve { .. } => "ready-to-prove",
            Self::WaitingToFinalize { .. } => "waiting-to-finalize",
            Self::ReadyToFinalize => "ready-to-finalize",
            Self::Finalized => "finalized",
        }
    }

    /// Seconds until something can be done; none if it can be now, or nothing has to be.
    pub(crate) const fn left(self) -> Option<u64> {
        match self {
            Self::WaitingToProve { about, .. } => Some(about),
            Self::WaitingToFinalize { left, .. } => Some(left),
            Self::ReadyToProve { .. } | Self::ReadyToFinalize | Self::Finalized => None,
        }
    }

    /// Where it stands.
    pub(crate) fn words(self) -> String {
        match self {
            Self::WaitingToProve { about: 0, overdue } if overdue > LATE_S => format!(
                "no proposal covers it yet; the next one is late by {}, the proposer may be down",
                words(overdue)
            ),
            Self::WaitingToProve { about: 0, .. } => {
                "no proposal covers it yet; the next one is due now".to_owned()
            }
            Self::WaitingToProve { about, .. } => {
                format!(
                    "no proposal covers it yet; the next one that does comes in about {}",
                    words(about)
                )
            }
            Self::ReadyToProve { again: true, .. } => {
                "its proof is void, because the proposal does not stand any more".to_owned()
            }
            Self::ReadyToProve { proposal, .. } => format!("proposal {proposal} covers it"),
            Self::WaitingToFinalize { left, waits } => match waits {
                Waits::Window => format!("it is proven, and final in {}", words(left)),
                Waits::Pause => {
                    format!("it is proven; the guardian holds withdrawals up for {}", words(left))
                }
                Waits::Dispute => {
                    "it is proven; a dispute about its proposal or an earlier one is open"
                        .to_owned()
                }
            },
            Self::ReadyToFinalize => "it is proven and final".to_owned(),
            Self::Finalized => "the portal has called it on L1, once and for all".to_owned(),
        }
    }

    /// What to do next; none at the end.
    pub(crate) const fn next(self) -> Option<&'static str> {
        match self {
            Self::WaitingToProve { .. } | Self::ReadyToProve { .. } => Some("prove"),
            Self::WaitingToFinalize { .. } | Self::ReadyToFinalize => Some("finalize"),
            Self::Finalized => None,
        }
    }
}

/// A proposal that is late by more is worth a word.
const LATE_S: u64 = 600;

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { window: 60, interval: 16, block_time: 2 };

    /// Initiated in block 20 at time 1,040 (genesis at 1,000); block 16 was proposed 7 s after its time.
    const INITIATED: Facts = Facts {
        now: 1_041,
        block: 20,
        timestamp: 1_040,
        newest: Some(Newest { block: 16, made_at: 1_039, decided: false }),
        covering: None,
        proof: None,
        finalized: false,
        paused_until: 0,
        terms: TERMS,
    };

    const UNDISPUTED: Standing = Standing { made_at: 1_071, decided: false, is_final: false };
    const FINAL: Standing = Standing { is_final: true, ..UNDISPUTED };

    #[test]
    fn an_open_dispute_holds_up_and_a_decided_one_does_not() {
        let proven = |standing, now| {
            let proof = Some(Proof { made_at: 1_080, proposal: Some(standing) });
            Facts { now, covering: Some(2), proof, ..INITIATED }.stage()
        };
        let disputed = Stage::WaitingToFinalize { left: 0, waits: Waits::Dispute };
        assert_eq!(proven(UNDISPUTED, 1_141), disputed);
        assert_eq!(disputed.left(), Some(0));
        assert!(disputed.words().contains("dispute"), "{}", disputed.words());
        assert_eq!(proven(FINAL, 1_141), Stage::ReadyToFinalize);
        // It came late, and needs no window of its own; the proof does.
        let brought = Standing { made_at: 1_130, decided: true, is_final: true };
        assert_eq!(proven(brought, 1_141), Stage::ReadyToFinalize);
        let left = Stage::WaitingToFinalize { left: 1, waits: Waits::Window };
        assert_eq!(proven(brought, 1_140), left);
    }

    #[test]
    fn the_next_proposal_is_expected_as_late_as_the_one_before() {
        // Block 32 is at 1,064, so its proposal at 1,071.
        assert_eq!(INITIATED.stage(), Stage::WaitingToProve { about: 30, overdue: 0 });
        let late = Facts { now: 1_081, ..INITIATED }.stage();
        assert_eq!(late, Stage::WaitingToProve { about: 0, overdue: 10 });
        assert!(late.words().contains("due now"), "{}", late.words());
        let down = Facts { now: 5_000, ..INITIATED }.stage();
        assert!(down.words().contains("the proposer may be down"), "{}", down.words());
        // Two intervals ahead, and with no proposal at all.
        let far = Facts { block: 33, timestamp: 1_066, ..INITIATED };
        assert_eq!(far.stage(), Stage::WaitingToProve { about: 62, overdue: 0 });
        let first = Facts { newest: None, ..INITIATED };
        assert_eq!(first.stage(), Stage::WaitingToProve { about: 23, overdue: 0 });
    }

    /// After a dispute the newest may be for a block that is no multiple of the interval, and made long after it.
    #[test]
    fn a_dispute_does_not_make_the_next_proposal_late() {
        let brought = Newest { block: 19, made_at: 9_000, decided: true };
        let after = Facts { now: 9_002, newest: Some(brought), ..INITIATED };
        assert_eq!(after.stage(), Stage::WaitingToProve { about: 0, overdue: 2 });
        // Block 32 is at 1,064 whatever came before it.
        let early = Newest { made_at: 1_045, ..brought };
        let soon = Facts { now: 1_050, newest: Some(early), ..INITIATED };
        assert_eq!(soon.stage(), Stage::WaitingToProve { about: 14, overdue: 0 });
    }

    /// One proposal may cover several intervals.
    #[test]
    fn whatever_the_proposal_covers_it_is_the_one_to_prove_against() {
        let newest = Some(Newest { block: 80, made_at: 1_170, decided: false });
        let covered = Facts { now: 1_171, newest, covering: Some(2), ..INITIATED };
        assert_eq!(covered.stage(), Stage::ReadyToProve { proposal: 2, again: false });
        // What is behind it waits for the next multiple, as late as that one was.
        let behind = Facts { now: 1_171, block: 81, timestamp: 1_162, newest, ..INITIATED };
        assert_eq!(behind.stage(), Stage::WaitingToProve { about: 31, overdue: 0 });
    }

    #[test]
    fn a_withdrawal_goes_through_all_stages() {
        let covered = Facts { now: 1_072, covering: Some(2), ..INITIATED };
        assert_eq!(covered.stage(), Stage::ReadyToProve { proposal: 2, again: false });
        let proof = Some(Proof { made_at: 1_080, proposal: Some(UNDISPUTED) });
        let proven = Facts { now: 1_082, proof, ..covered };
        assert_eq!(proven.stage(), Stage::WaitingToFinalize { left: 59, waits: Waits::Window });
        assert_eq!(proven.stage().words(), "it is proven, and final in 59 s");
        let last = Facts { now: 1_140, ..proven };
        assert_eq!(last.stage(), Stage::WaitingToFinalize { left: 1, waits: Waits::Window });
        let aged = Some(Proof { made_at: 1_080, proposal: Some(FINAL) });
        assert_eq!(Facts { now: 1_141, proof: aged, ..proven }.stage(), Stage::ReadyToFinalize);
        assert_eq!(Facts { finalized: true, ..proven }.stage(), Stage::Finalized);
    }

    #[test]
    fn a_void_proof_is_made_again() {
        let proof = Some(Proof { made_at: 1_080, proposal: None });
        let void = Facts { now: 9_000, covering: Some(2), proof, ..INITIATED };
        assert_eq!(void.stage(), Stage::ReadyToProve { proposal: 2, again: true });
        let gone = Facts { covering: None, ..void };
        assert_eq!(gone.stage().name(), "waiting-to-prove");
    }

    #[test]
    fn a_pause_counts_only_where_it_is_longer() {
        let proof = Some(Proof { made_at: 1_080, proposal: Some(UNDISPUTED) });
        let proven = Facts { now: 1_082, covering: Some(2), proof, ..INITIATED };
        let paused = Facts { paused_until: 1_200, ..proven };
        assert_eq!(paused.stage(), Stage::WaitingToFinalize { left: 118, waits: Waits::Pause });
        let shorter = Facts { paused_until: 1_100, ..proven };
        assert_eq!(shorter.stage(), proven.stage());
        let ready = Some(Proof { made_at: 1_080, proposal: Some(FINAL) });
        assert_eq!(Facts { now: 1_200, proof: ready, ..paused }.stage(), Stage::ReadyToFinalize);
    }

    #[test]
    fn every_stage_but_the_last_says_what_is_next() {
        assert_eq!(INITIATED.stage().next(), Some("prove"));
        assert_eq!(Stage::ReadyToFinalize.next(), Some("finalize"));
        assert_eq!(Stage::Finalized.next(), None);
        assert_eq!(Stage::Finalized.left(), None);
    }
}
