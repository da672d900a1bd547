//! Plays disputes on L1: reads what is there at each new L1 block, decides, and hands the moves to an L1 sender.
//!
//! ```text
//!  L1 tip ─▶ Table (names, proposals) ─▶ views of the oracle ─▶ dispute::decide ─▶ Mover ─▶ outbox ─▶ L1
//!                                             Built ─▲    └─ what is missing ─▶ Trees, in the background
//! ```
//! Without a key it watches: it says what should be done, and that nobody here can. Not here: the rules and what to do by
//! them (`crates/dispute`), and how runs are recorded. Invariant: what is done follows from L1 at one block and from trees
//! that were derived and run here; nothing is remembered that a new process would miss.

mod calls;
mod error;
mod missed;
mod mover;
mod own;
mod program;
mod round;
mod service;
mod table;
mod trees;
mod views;

pub use error::PlayerError;
pub use mover::{MoveError, Mover};
pub use own::{OwnTrees, OwnTreesError};
pub use round::{Disguise, Player, PlayerDeps, honestly};
pub use service::{Challenger, DisputeDeps};
pub(crate) use service::{Place, Playing};
pub use trees::{BoxedSource, Built, ClaimsPart, Part, Pinned, Trees};
pub use views::OddView;
