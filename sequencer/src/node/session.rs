//! One driver thread with the root thread and the two writing tasks behind it; a reset ends one session and starts the
//! next. Invariant: when a session has ended without an error, everything that was executed in it is journaled and
//! indexed.

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::Node;
use crate::{
    SequencerError,
    builder::{
        Command, Driver, DriverParts, Exit, JournalItem, JournalWriter, RootWorker,
        WithdrawalKeeper,
    },
    follower::BuilderControl,
    indexer::Indexer,
    restart::Loaded,
};

/// One driver with the tasks behind it.
#[derive(Debug)]
pub(super) struct Session {
    driver: oneshot::Receiver<(Exit, u64)>,
    writer: JoinHandle<Result<db::Journal, db::JournalError>>,
    indexer: JoinHandle<Result<(), SequencerError>>,
}

impl Session {
    pub(super) fn start(
        node: &Node,
        loaded: Loaded,
        commands: &crossbeam_channel::Receiver<Command>,
        control: &BuilderControl,
        lead: bool,
        version: u64,
    ) -> Result<Self, SequencerError> {
        let builder = &node.config.builder;
        let (journal_sender, journal) = mpsc::channel::<JournalItem>(builder.journal_queue_max);
        let room = usize::try_from(builder.index_lag_blocks_max).unwrap_or(usize::MAX);
        let room = std::cmp::max(room, loaded.unindexed.len());
        let (index_sender, to_index) = mpsc::channel(room);
        for block in loaded.unindexed {
            // The queue was made large enough.
            let _ = index_sender.try_send(block);
        }
        let writer = JournalWriter {
            journal: db::Journal::new(node.parts.database.clone()),
            fence: node.fence,
            store: node.store.clone(),
            publisher: node.publisher.clone(),
            indexer: index_sender,
            health: node.journal_health.clone(),
        };
        let indexer = Indexer {
            index: db::Index::new(node.parts.database.clone()),
            current: db::CurrentState::new(node.parts.database.clone()),
            fence: node.fence,
            store: node.store.clone(),
            check: node.config.builder.check.then(|| node.serial_check(control)),
            health: node.index_health.clone(),
        };
        let thread = |name| move |source| SequencerError::Thread { name, source };
        let number = node.store.newest().number();
        let keeper = WithdrawalKeeper::new(node.parts.rollup.proposal_interval);
        let root = RootWorker::start(loaded.trie, number, keeper, &node.root)
            .map_err(thread("braid-root"))?;
        let parts = DriverParts {
            config: builder.clone(),
            rollup: node.parts.rollup.clone(),
            clock: node.parts.clock.clone(),
            store: node.store.clone(),
            mempool: node.mempool.clone(),
            origins: node.origins.clone(),
            journal: journal_sender,
            engine: node.engine.clone(),
            root,
            health: node.builder_health.clone(),
            commands: commands.clone(),
            lead,
            version,
            unsafe_bytes: loaded.unsafe_bytes,
        };
        let (ended, driver) = oneshot::channel();
        let handle = node.root.clone();
        std::thread::Builder::new()
            .name("braid-builder".into())
            .spawn(move || {
                let (exit, version, root) = Driver::new(parts).run();
                root.stop(&handle);
                // Nobody listens after an abort.
                let _ = ended.send((exit, version));
            })
            .map_err(thread("braid-builder"))?;
        let writer = tokio::spawn(writer.run(journal));
        Ok(Self { driver, writer, indexer: tokio::spawn(indexer.run(to_index)) })
    }

    /// Waits for the driver, then for both queues. What ended first tells why.
    pub(super) async fn run(mut self) -> Result<(Exit, u64), SequencerError> {
        let lost = |what| SequencerError::Lost { what };
        let mut is_indexing = true;
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut self.driver => break ended.map_err(|_| lost("builder")),
                // A failure here would otherwise show only when the builder has nothing left to wait for.
                result = &mut self.indexer, if is_indexing => {
                    result.map_err(|_| lost("indexer"))??;
                    is_indexing = false;
                }
            }
        };
        let written = (&mut self.writer).await.map_err(|_| lost("journal writer"))?;
        written.map_err(SequencerError::Journal)?;
        if is_indexing {
            (&mut self.indexer).await.map_err(|_| lost("indexer"))??;
        }
        ended
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.writer.abort();
        self.indexer.abort();
    }
}
