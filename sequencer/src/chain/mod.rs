//! The chain in memory, for readers: recent sealed blocks, the open block, the heads and the state at each of them.
//!
//! ```text
//!  builder ──▶ open block, sealed blocks ──▶ ChainStore ◀── ChainView (doors), admission
//!  journal ──▶ what is durable, latest        │
//!  indexer ──▶ what Postgres has              ▼
//!  follower ─▶ safe, finalized          StateView: diffs of blocks ─▶ cache ─▶ Postgres
//! ```
//! Not here: how blocks come about. Invariant: what a reader sees as `latest` is durable, and a state that a
//! reader holds is of one block, or its reads fail.

mod accounts;
mod base;
mod block;
mod body;
mod cache;
mod error;
pub mod ethereum;
mod layer;
mod logs;
mod outlook;
mod state;
mod state_view;
mod store;
mod view;
mod withdrawals;

pub use accounts::AccountPage;
pub use base::BaseState;
pub use block::{ChainBlock, Included, Located, PendingBlock};
pub use body::{Body, BodyBuilder, IncludedRef};
pub use error::ReadError;
pub use outlook::{OUTLOOK_BLOCKS_MAX, OUTLOOK_CHANGES_MAX, OutlookError, StateOutlook};
pub use state::{At, State};
pub use state_view::StateView;
pub use store::{ChainStore, StoreLimits};
pub use view::ChainView;
