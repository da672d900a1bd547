//! The newest of L1, and the health that goes with it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use l1::{
    L1Watcher,
    anvil::{Anvil, AnvilOptions},
    watch_tip,
};
use service::{Health, State};

use crate::harness::{L1, soon};

async fn becomes(health: &Health, wanted: State) {
    soon(async {
        while health.reports()["l1"].state != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn it_follows_the_head_and_is_healthy_again_after_an_outage_without_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        AnvilOptions { state: Some(folder.path().join("l1.json")), ..AnvilOptions::default() };
    let l1 = L1::start_with(options.clone()).await;
    l1.mine(20).await;
    let health = Health::new();
    let failures = Arc::new(AtomicUsize::new(0));
    let counted = failures.clone();
    let watcher = L1Watcher::new(l1.client.clone(), &l1.config);
    let (mut tip, watching) = watch_tip(watcher, health.component("l1", None), move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let wanted = soon(tip.wait_for(|tip| tip.finalized == Some(12))).await.unwrap().head;
    assert_eq!(wanted.unwrap().number, 20);
    assert_eq!(health.reports()["l1"].detail, "head 20");

    let L1 { anvil, .. } = l1;
    let port = anvil.port();
    anvil.stop().await.unwrap();
    becomes(&health, State::Down).await;
    let _anvil = Anvil::spawn(AnvilOptions { port, ..options }).await.unwrap();
    becomes(&health, State::Up).await;
    assert_eq!(health.reports()["l1"].detail, "L1 answers again");
    assert_eq!(failures.load(Ordering::Relaxed), 1);

    drop(tip);
    soon(watching).await.unwrap();
}
