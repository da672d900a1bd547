//! L1 as the builder sees it: the origins that the next block may have. It never waits for L1.
//!
//! The follower fills it with the L1 blocks that derivation has processed. Invariant: a block is offered as the next
//! origin only if it is a child of the present one and has its confirmations.

use std::sync::Arc;

use derivation::{DerivedHead, OriginBlock, OriginSelector, Origins};
use parking_lot::RwLock;
use protocol::{L1Origin, RollupConfig};

/// The L1 blocks that may be origins. Shared by the follower, which writes, and the builder.
#[derive(Debug)]
pub struct OriginView {
    seen: RwLock<Seen>,
    confirmations: u64,
}

#[derive(Debug, Default)]
struct Seen {
    origins: Origins,
    head: Option<u64>,
}

/// The origin of the next block.
#[derive(Debug, Clone)]
pub struct NextOrigin {
    /// The L1 block.
    pub block: Arc<OriginBlock>,
    /// Whether it is another one than the parent's.
    pub advances: bool,
    /// Whether the block may hold user transactions.
    pub user_transactions: bool,
}

impl OriginView {
    /// Knows nothing yet. An L1 block is offered when it lies `confirmations` blocks below the L1 head.
    pub fn new(confirmations: u64) -> Self {
        Self { seen: RwLock::default(), confirmations }
    }

    /// Takes over what derivation has processed.
    pub fn set(&self, origins: Origins, l1_head: Option<u64>) {
        *self.seen.write() = Seen { origins, head: l1_head };
    }

    /// The newest L1 block that is known.
    pub fn l1_head(&self) -> Option<u64> {
        self.seen.read().head
    }

    /// An L1 block, trusted or not.
    pub fn get(&self, number: u64) -> Option<Arc<OriginBlock>> {
        self.seen.read().origins.get(number).cloned()
    }

    /// Chooses for the block after `head`. `current` is the origin of `head` where it is known without L1; `None`
    /// comes back only if neither knows it, which is so at the start of a new chain before L1 answers.
    pub fn choose(
        &self,
        selector: &OriginSelector,
        head: &DerivedHead,
        current: Option<&L1Origin>,
    ) -> Option<NextOrigin> {
        let seen = self.seen.read();
        let id = head.block.origin;
        let kept = seen.origins.get(id.number).filter(|block| block.origin.hash == id.hash);
        let current_block = match (kept, current) {
            (Some(block), _) => block.clone(),
            (None, Some(origin)) => Arc::new(OriginBlock {
                origin: *origin,
                parent_hash: Default::default(),
                messages: Vec::new(),
            }),
            (None, None) => return None,
        };
        let trusted = seen.head.and_then(|head| head.checked_sub(self.confirmations));
        let next =
            id.number.checked_add(1).and_then(|number| seen.origins.get(number)).filter(|next| {
                next.parent_hash == id.hash
                    && trusted.is_some_and(|trusted| next.origin.number <= trusted)
            });
        let next_origin = next.map(|next| &next.origin);
        let choice = selector.choose(&head.block, &current_block.origin, next_origin);
        let block = match next {
            Some(next) if choice.advances => next.clone(),
            _ => current_block,
        };
        let advances = block.origin.number != id.number;
        Some(NextOrigin { block, advances, user_transactions: choice.user_transactions })
    }
}

/// Opens the block after `head` with a chosen origin.
pub(super) fn open_next(
    config: &RollupConfig,
    head: &DerivedHead,
    origin: &NextOrigin,
) -> protocol::BlockInputs {
    let opening = head.open_next(config, &origin.block);
    let deposits = if origin.advances {
        origin.block.deposits(&origin.block.deposit_log_indexes())
    } else {
        Vec::new()
    };
    protocol::BlockInputs { opening, deposits, transactions: Vec::new() }
}
