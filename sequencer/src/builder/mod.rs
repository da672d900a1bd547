//! Builds blocks: one thread executes, one keeps the state root, one task appends to the journal.
//!
//! ```text
//!  mempool ─▶ Driver (thread) ── rows, sealed blocks ─▶ journal writer (task) ─▶ latest, publisher, indexer
//!                │    ▲
//!   diff per     │    │ header, as soon as the last sub-block is hashed
//!   sub-block    ▼    │
//!              RootWorker (thread)
//! ```
//! **The parent's hash.** A block's opening, its EIP-2935 system call and `BLOCKHASH` need the hash of its parent,
//! so nothing of a block is executed before its parent is sealed. The state root does not stand in the way all
//! the same: the root worker hashes each sub-block's diff while the next one is executed, so what is left
//! when the block is closed is the last sub-block and the transaction and receipt roots, and that fits into the
//! pause before the next block's first sub-block.
//!
//! **The journal.** The execution of a sub-block may run while earlier rows are still being committed, up to a
//! bound; nothing is published before its row is committed. A block is `latest` when all its rows are.

mod command;
mod driver;
mod engine;
mod journal;
mod open_block;
mod origin;
mod posting;
mod prefetch;
mod root;
mod withdrawals;

pub use command::{Command, Exit};
pub use driver::{Driver, DriverParts};
pub use engine::BlockEngine;
pub use journal::{JournalItem, JournalRow, JournalWriter};
pub use open_block::{Attempt, ClosedBlock, ExecutedSubBlock, OpenBlock, Replayed};
pub use origin::OriginView;
pub(crate) use root::GrowingBlock;
pub use root::{Covered, RootGone, RootHandle, RootWorker};
pub use withdrawals::WithdrawalKeeper;
