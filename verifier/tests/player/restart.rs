//! What a player that was ended has left in its outbox.

use std::time::Duration;

use l1::tx::{Outcome, TxRecord};

use crate::{
    place,
    site::{Seat, Site},
};

const DISPUTE: &str = "play/1/dispute/1/0";
const LOOK: Duration = Duration::from_millis(50);

/// Waits until a request of a player is like that.
async fn until(seat: &Seat, wanted: impl Fn(&TxRecord) -> bool) -> TxRecord {
    for _ in 0..600 {
        if let Some(record) = seat.record(DISPUTE).filter(|record| wanted(record)) {
            return record;
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("it never comes to that: {:?}", seat.record(DISPUTE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_useless_while_it_was_away_is_taken_back() {
    let site = Site::new().await;
    let liar = Seat::new(2);
    site.propose(&liar, place()).await;
    // It disputes the lie, and is ended before that is in a block.
    let (honest, other) = (Seat::new(1), Seat::new(3));
    site.make_blocks(false).await;
    let playing = site.play(&honest, None);
    until(&honest, |record| !record.attempts.is_empty()).await;
    playing.kill().await;
    // Meanwhile somebody else does.
    site.make_blocks(true).await;
    let playing = site.play(&other, None);
    while !site.is_disputed().await {
        tokio::time::sleep(LOOK).await;
    }
    playing.kill().await;

    site.make_blocks(false).await;
    let playing = site.play(&honest, None);
    until(&honest, |record| {
        record.cancel_requested && record.attempts.last().is_some_and(|attempt| attempt.cancels)
    })
    .await;
    site.make_block().await;
    let record = until(&honest, |record| record.outcome.is_some()).await;
    assert!(matches!(record.outcome, Some(Outcome::Cancelled(_))), "{record:?}");
    playing.kill().await;
}
