//! The newest of L1, as the follower waits for it, with the verifier's count of outages.

use l1::{L1Tip, L1Watcher};
use tokio::{sync::watch, task::JoinHandle};

use crate::metrics;

/// Turns a watcher's events into the newest tip. The task ends when nobody listens any more.
pub fn watch_tip(
    watcher: L1Watcher,
    health: service::Component,
) -> (watch::Receiver<L1Tip>, JoinHandle<()>) {
    l1::watch_tip(watcher, health, metrics::l1_failed)
}
