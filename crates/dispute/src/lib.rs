//! What a player of disputes knows and decides.
//!
//! ```text
//!  what L1 shows at one block ── Game ──┐
//!                                       ├─▶ decide ─▶ Act, Act, … ─▶ transactions
//!  the player's trees ──────── Source ──┘        └─▶ Lack: a tree that has to be built first
//! ```
//! The rules are in `docs/spec/disputes.md` and played in `contracts/src/dispute`. Not here: how L1 is read, how a
//! transaction is made of an act, where the inputs of a run come from. Invariant: what to do follows from L1 and the trees
//! alone, so that a player that was started anew goes on where another one was ended.

mod act;
mod decide;
mod game;
mod lie;
mod replay;
mod source;
mod summary;

pub use act::Act;
pub use decide::{Decision, Lack, Player, decide};
pub use game::{
    Bisection, Clock, CommitmentState, Game, Level, Match, Phase, ProposalState, Refund, Rules,
    Tournament, inner_of, match_id,
};
pub use lie::{Lie, Where};
pub use replay::{Replay, forged_state};
pub use source::{Need, Run, Source, Why};
pub use summary::{GameSummary, MatchSummary, explain};

/// Bytes of the preimage of a block's claim (`docs/spec/claims.md`, section 1).
pub const CLAIM_BYTES: usize = 224;

/// The claim that there is none (`docs/spec/claims.md`, section 1).
pub const INVALID: alloy_primitives::B256 =
    alloy_primitives::b256!("07289984112c7ad862200a215504ad6a7cc6e445a76c570efb86f13d9918aa20");
