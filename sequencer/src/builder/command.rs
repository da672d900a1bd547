//! What the builder is told, and how it ends.

use protocol::{BlockInputs, L2BlockRef};
use tokio::sync::oneshot;

/// What the driver is told from outside.
#[derive(Debug)]
pub enum Command {
    /// Build exactly this block next: L1 says so. The answer is `None` if it does not follow the newest block, or
    /// while the driver leads.
    Build {
        /// The derived inputs.
        inputs: Box<BlockInputs>,
        /// Told the block.
        answer: oneshot::Sender<Option<L2BlockRef>>,
    },
    /// Go on with blocks of our own.
    Lead,
    /// Forget all blocks above `keep`, because L1 contradicts them.
    Reset {
        /// The last block that stays.
        keep: u64,
        /// Why, for the journal's record.
        cause: String,
        /// Whether blocks of our own may follow, or first those that L1 dictates.
        lead: bool,
    },
    /// Build all blocks above `keep` again, from the transactions they hold: one of them is wrong.
    Rebuild {
        /// The last block that stays.
        keep: u64,
        /// Why, for the journal's record.
        cause: String,
    },
    /// Seal the open block and end.
    Stop,
}

/// How the driver ended.
#[derive(Debug)]
pub enum Exit {
    /// As it was told; everything that was executed is in the journal queue.
    Stopped,
    /// It must start again from an earlier block.
    Reset {
        /// The last block that stays.
        keep: u64,
        /// Why.
        cause: String,
        /// Whether blocks of our own may follow.
        lead: bool,
    },
    /// The journal writer or the root thread is gone, for reasons that they tell themselves.
    Lost(&'static str),
}
