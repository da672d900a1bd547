//! The newest that is known of L1, for whoever needs no history of it.

use protocol::BlockId;
use service::{Component, error_chain};
use tokio::{sync::watch, task::JoinHandle};

use crate::watcher::{L1Event, L1Watcher};

/// The newest that is known of L1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1Tip {
    /// The head.
    pub head: Option<BlockId>,
    /// Number of the newest finalized block.
    pub finalized: Option<u64>,
}

/// Turns a watcher's events into the newest tip. The task ends when nobody listens any more.
///
/// Health follows the watcher; `failed` is called at the start of each outage, because each service counts its own.
pub fn watch_tip(
    mut watcher: L1Watcher,
    health: Component,
    failed: impl Fn() + Send + 'static,
) -> (watch::Receiver<L1Tip>, JoinHandle<()>) {
    let (sender, receiver) = watch::channel(L1Tip::default());
    let task = tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                event = watcher.next() => event,
                () = sender.closed() => return,
            };
            match event {
                L1Event::NewHead(head) => {
                    health.up(format!("head {}", head.id.number));
                    sender.send_modify(|tip| tip.head = Some(head.id));
                }
                L1Event::Finalized(head) => {
                    sender.send_modify(|tip| tip.finalized = Some(head.id.number));
                }
                L1Event::Unavailable(error) => {
                    failed();
                    health.down("no L1 endpoint answers");
                    tracing::warn!(error = %error_chain(error.as_ref()), "L1 is away");
                }
                L1Event::Available { outage } => {
                    // A new head may take long to come.
                    health.up("L1 answers again");
                    tracing::info!(?outage, "L1 is back");
                }
                // Whoever follows L1 compares hashes itself.
                L1Event::Reorg { .. } | L1Event::Safe(_) => {}
            }
        }
    });
    (receiver, task)
}
