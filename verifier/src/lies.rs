//! Lies for drills and tests: what somebody could claim falsely of an interval, and be taken seriously until it is looked at.
//!
//! ```text
//! LieKind, true blocks, state before ─▶ forge ─▶ false claims ─▶ Forged: proposal, and dispute::Where to play it
//! ```
//! A false block is really executed, with its inputs or its result changed, and the blocks after it are executed on top of
//! it, as a liar would do whom nobody should notice at once. [`Liar`] proposes it and plays for it.
//! Invariant: nothing that runs for users makes one, except a drill that was asked for.

mod forge;
mod inputs;
mod kind;
mod liar;
mod player;
mod results;

pub use self::{
    forge::{Forged, LieError, TrueBlock, Truth, forge},
    kind::{LieKind, UnknownLie},
    liar::Forger,
    player::{Liar, LiarDeps, LiarError, LiarHand},
};
