//! Follows L1: derives the chain from it, compares it with our own, moves the safe and finalized head, and offers
//! origins to the builder.
//!
//! Where L1 says something else than our own blocks (a window passed, a reorg below a used origin), L1 wins: the
//! builder is reset, and builds what L1 dictates before it leads again. Not here: how blocks are taken back
//! (`node.rs`). Invariant: a block is called safe only if its inputs are those that derivation gives.

mod control;
mod tip;

use std::{sync::Arc, time::Duration};

use db::DerivedRow;
use derivation::{Derivation, DerivedBlock, L1Processed, L1Refused, Step};
use l1::{L1Source, L1Tip, Severity};
use protocol::{BlockId, L2BlockRef, Transaction};
use service::{Backoff, error_chain};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use control::BuilderControl;
pub use tip::watch_tip;

use crate::{
    SequencerError,
    builder::OriginView,
    chain::{ChainBlock, ChainView},
    metrics,
    publisher::{Published, Publisher},
    restart::ResumePoints,
};

const RETRY_PAUSE_MIN: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Pause before a derived block is compared again that our chain is about to have.
const CATCH_UP_PAUSE: Duration = Duration::from_millis(20);

/// The task that follows L1.
#[derive(Debug)]
pub struct Follower {
    /// Where L1 blocks come from.
    pub source: L1Source,
    /// The newest of L1.
    pub tip: watch::Receiver<L1Tip>,
    /// The machine.
    pub derivation: Derivation,
    /// Our own chain.
    pub view: ChainView,
    /// Told which origins there are.
    pub origins: Arc<OriginView>,
    /// The builder.
    pub builder: BuilderControl,
    /// Told the heads.
    pub publisher: Arc<Publisher>,
    /// Where restarts begin.
    pub resume: ResumePoints,
    /// Our blocks that the L1 block in work has made safe.
    pub derived: Vec<DerivedRow>,
    /// Whether the builder builds what L1 dictates, until L1 has no more to say.
    pub following: bool,
    /// Whether it then goes on with blocks of its own.
    pub leads: bool,
}

impl Follower {
    /// Works until it is told to end.
    ///
    /// # Errors
    /// When L1 contradicts what cannot be taken back.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), SequencerError> {
        while !shutdown.is_cancelled() {
            let turn = self.turn();
            tokio::select! {
                result = turn => result?,
                () = shutdown.cancelled() => return Ok(()),
            }
        }
        Ok(())
    }

    async fn turn(&mut self) -> Result<(), SequencerError> {
        match self.derivation.step() {
            Step::NeedL1 { number } => self.read_l1(number).await,
            Step::Execute(derived) => self.consolidate(&derived).await,
            Step::Absent(batch) => {
                tracing::warn!(
                    batch = batch.index,
                    l1_block = batch.l1.number,
                    reason = %error_chain(&batch.reason),
                    "a posted batch counts as absent"
                );
                Ok(())
            }
            Step::Processed(processed) => self.processed(processed).await,
        }
    }

    /// Reads the next L1 block, or waits for it.
    async fn read_l1(&mut self, number: u64) -> Result<(), SequencerError> {
        let tip = *self.tip.borrow_and_update();
        let Some(head) = tip.head else { return self.wait_for_tip().await };
        if let Some(known) = self.derivation.origins().get(head.number)
            && known.origin.hash != head.hash
        {
            return self.reorg(head.number).await;
        }
        if head.number < number {
            // Also the blocks that derivation only takes as origins, after a start.
            self.origins.set(self.derivation.origins().clone(), Some(head.number));
            if self.leads && std::mem::take(&mut self.following) {
                self.builder.lead().await;
            }
            return self.wait_for_tip().await;
        }
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            match self.source.block(number).await {
                Ok(Some(block)) => return self.add_l1(block).await,
                // The head went away between two requests: the watcher will tell.
                Ok(None) => return self.wait_for_tip().await,
                Err(error) if error.severity() == Severity::Critical => {
                    return Err(SequencerError::L1(error));
                }
                Err(error) => {
                    metrics::l1_failed();
                    let error = error_chain(&error);
                    tracing::warn!(number, %error, "cannot read L1, trying again");
                    tokio::time::sleep(backoff.pause()).await;
                }
            }
        }
    }

    async fn add_l1(&mut self, block: derivation::L1Block) -> Result<(), SequencerError> {
        let number = block.origin.number;
        match self.derivation.add_l1(block) {
            Err(L1Refused::Reorg { .. } | L1Refused::OtherEntries { .. }) => {
                self.reorg(number.saturating_sub(1)).await
            }
            // Derivation asks again for what it needs.
            Ok(()) | Err(L1Refused::OutOfOrder { .. }) => Ok(()),
        }
    }

    async fn wait_for_tip(&mut self) -> Result<(), SequencerError> {
        self.tip.changed().await.map_err(|_| SequencerError::Lost { what: "L1 watcher" })
    }

    /// L1 was reorganized at or below block `from`: goes back to the newest block that is still there.
    async fn reorg(&mut self, from: u64) -> Result<(), SequencerError> {
        let mut ancestor = from;
        let common = loop {
            let Some(known) = self.derivation.origins().get(ancestor) else {
                return self.start_again(ancestor).await;
            };
            let known = known.id();
            match self.source.hash(known.number).await {
                Ok(Some(hash)) if hash == known.hash => break known,
                Ok(_) => ancestor = ancestor.saturating_sub(1),
                Err(error) => {
                    tracing::warn!(error = %error_chain(&error), "cannot read L1 during a reorg");
                    tokio::time::sleep(RETRY_PAUSE_MIN).await;
                }
            }
        };
        tracing::warn!(common_ancestor = common.number, "L1 was reorganized");
        let unwound = self.derivation.unwind(common.number);
        // After a start, derivation stands at an L1 block that it has not seen again yet: there is no way back below.
        let stands_above = self.derivation.processed().l1.number > common.number;
        let (Ok(safe), false) = (unwound, stands_above) else {
            return self.start_again(common.number).await;
        };
        self.resume.unwind(common.number).await?;
        self.derived.clear();
        self.set_safe(safe);
        self.origins.set(self.derivation.origins().clone(), Some(common.number));
        self.reset_above(common).await
    }

    /// The reorg is deeper than derivation remembers: begin again from an older point.
    async fn start_again(&mut self, l1_number: u64) -> Result<(), SequencerError> {
        let finalized = self.view.heads().finalized_head();
        if finalized.origin.number > l1_number {
            return Err(SequencerError::BelowFinalized { number: finalized.number });
        }
        self.derivation = self.resume.derivation_before(l1_number, &self.source).await?;
        self.derived.clear();
        let safe = self.derivation.head().block;
        let common = self.derivation.processed().l1;
        self.set_safe(safe);
        // Or the builder, set back, would take the branch that is gone once more, and find no child of it any more.
        self.origins.set(self.derivation.origins().clone(), Some(common.number));
        self.reset_above(common).await
    }

    /// Takes back our own blocks whose origin lies above the common ancestor.
    async fn reset_above(&mut self, common: BlockId) -> Result<(), SequencerError> {
        let newest = self.view.store().newest();
        let open = self.view.pending().map(|open| open.opening.origin.number);
        let mut keep = newest.number();
        let safe = self.view.heads().safe_head().number;
        while keep > safe {
            let block = match self.view.store().sealed(keep) {
                Some(block) => block,
                None => self.view.require(keep).await.map_err(SequencerError::Chain)?,
            };
            if block.reference.origin.number <= common.number {
                break;
            }
            keep -= 1;
        }
        if keep == newest.number() && open.is_none_or(|origin| origin <= common.number) {
            return Ok(());
        }
        let cause = format!("L1 was reorganized above block {}", common.number);
        self.builder.reset(keep, cause, true).await
    }

    /// Compares a derived block with our own.
    async fn consolidate(&mut self, derived: &DerivedBlock) -> Result<(), SequencerError> {
        for alarm in &derived.alarms {
            tracing::error!(?alarm, block = derived.inputs.opening.number, "odd derived block");
        }
        let number = derived.inputs.opening.number;
        let own = self.view.block(number).await.map_err(SequencerError::Chain)?;
        if let Some(own) = own {
            if is_derived(&own, derived) {
                return self.executed(&own, derived.derived_from.number);
            }
            return self.replace(derived, "L1 derives another block").await;
        }
        // It was posted, so it was sealed here once; or it is forced and we are late.
        let newest = self.view.store().newest().number();
        if newest >= number {
            tokio::time::sleep(CATCH_UP_PAUSE).await;
            return Ok(());
        }
        if !self.following {
            return self.replace(derived, "L1 is ahead of our own chain").await;
        }
        match self.builder.build(derived.inputs.clone()).await? {
            Some(block) => {
                while self.view.latest().number() < block.number {
                    tokio::time::sleep(CATCH_UP_PAUSE).await;
                }
                let own = self.view.require(block.number).await.map_err(SequencerError::Chain)?;
                self.executed(&own, derived.derived_from.number)
            }
            // The builder has older blocks to finish first, or has led meanwhile.
            None => {
                tokio::time::sleep(CATCH_UP_PAUSE).await;
                Ok(())
            }
        }
    }

    async fn replace(&mut self, derived: &DerivedBlock, why: &str) -> Result<(), SequencerError> {
        let number = derived.inputs.opening.number;
        if number <= self.view.heads().finalized_head().number {
            return Err(SequencerError::BelowFinalized { number });
        }
        tracing::error!(number, cause = ?derived.cause, why, "our own blocks give way to L1");
        self.following = true;
        self.builder.reset(number - 1, format!("{why} at {number}"), false).await
    }

    fn executed(&mut self, own: &ChainBlock, derived_from: u64) -> Result<(), SequencerError> {
        let withdrawals_root = own.header.withdrawals_root.unwrap_or_default();
        self.derived.push(DerivedRow {
            block: own.reference,
            output_root: protocol::output_root(own.header.state_root, withdrawals_root, own.hash),
            derived_from,
            // Claims are the verifier's.
            claims: None,
        });
        let expected = self.derivation.executed(own.reference);
        expected.map_err(|_| SequencerError::Lost { what: "derivation of our own block" })
    }

    /// An L1 block is done: the heads may move.
    async fn processed(&mut self, processed: L1Processed) -> Result<(), SequencerError> {
        let head = self.tip.borrow().head.map(|head| head.number);
        self.origins.set(self.derivation.origins().clone(), head);
        self.set_safe(processed.head.block);
        let derived = std::mem::take(&mut self.derived);
        self.resume.save(&processed, &derived, &self.view.heads()).await
    }

    fn set_safe(&self, safe: L2BlockRef) {
        let finalized = self.tip.borrow().finalized;
        let finalized = finalized.and_then(|number| self.derivation.safe_head_at(number));
        let before = self.view.heads().finalized_head();
        let finalized = finalized.filter(|block| block.number > before.number).unwrap_or(before);
        if let Some(heads) = self.view.store().set_safe(safe, finalized) {
            metrics::heads(heads.safe_head().number, heads.finalized_head().number);
            self.publisher.send(Published::Heads(Arc::new(heads)));
        }
    }
}

/// Whether our block has exactly the inputs that were derived. Equal inputs give equal blocks.
fn is_derived(own: &ChainBlock, derived: &DerivedBlock) -> bool {
    let inputs = &derived.inputs;
    let deposits = own.transactions.iter().skip(1).filter_map(|tx| match &tx.transaction {
        Transaction::Deposit(deposit) => Some(deposit.inner()),
        _ => None,
    });
    own.opening == inputs.opening
        && own.raw == inputs.transactions
        && deposits.eq(inputs.deposits.iter())
}
