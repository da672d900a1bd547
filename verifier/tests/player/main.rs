//! Two players on an anvil: an honest one and a liar, each with its own account, sender and outbox.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../crates/l1/tests/it/memory_store.rs"]
#[expect(dead_code, reason = "outages of the outbox are tested where it is from")]
mod memory_store;
#[path = "../../../crates/dispute/tests/it/program.rs"]
mod program;
#[path = "../../../crates/dispute/tests/it/truth.rs"]
mod truth;

mod l1_reorg;
mod restart;
mod site;

use std::{sync::Arc, time::Duration};

use alloy::primitives::{U256, keccak256};
use dispute::{Lie, Where};
use program::{claim, false_claim};
use site::{Seat, Site};
use verifier::player::{Disguise, honestly};

/// Lies from the second block on, in the second stride, from its sixth step on.
fn place() -> Where {
    let claims = vec![keccak256(false_claim(truth::INTERVAL))];
    Where { claims, segment: 32, stride: 1, step: 5, only_steps: false, salt: 0 }
}

fn lying() -> Disguise {
    Arc::new(|_, built| Box::new(Lie::new(built, place(), Some(false_claim(truth::INTERVAL)))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_proposal_falls_though_the_player_is_killed_time_and_again() {
    let site = Site::new().await;
    let liar = Seat::new(2);
    site.propose(&liar, place()).await;
    let honest = Seat::new(1);
    let before = site.balance(&honest).await;
    let lies = site.play(&liar, Some(lying()));
    let mut truth = site.play(&honest, Some(honestly()));
    let mut rounds = 0;
    while !site.is_decided().await {
        site.let_time_pass().await;
        rounds += 1;
        assert!(rounds < 1_000, "the dispute never ends");
        if rounds % 8 == 0 {
            truth.kill().await;
            truth = site.play(&honest, Some(honestly()));
        }
        assert!(!truth.is_finished() && !lies.is_finished(), "a player ended");
    }
    assert_eq!(site.standing().await, keccak256(claim(truth::INTERVAL)));
    // The bonds come back by a call of their own.
    while site.balance(&honest).await <= before {
        site.let_time_pass().await;
        rounds += 1;
        assert!(rounds < 1_000, "the bonds never come back");
    }
    assert!(site.balance(&liar).await < site.rich());
    // Nobody made a move a second time.
    let failed = honest.failed();
    assert!(failed.is_empty(), "{failed:?}");
}

/// Somebody has proposed the truth and is gone; a liar disputes it, and a perjurer seems to defend it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_true_proposal_is_defended_for_its_proposer() {
    let site = Site::new().await;
    let [honest, liar, perjurer, proposer] = [1, 2, 3, 4].map(Seat::new);
    site.propose_truth(&proposer).await;
    let before = site.balance(&honest).await;
    let perjury = Where { claims: Vec::new(), stride: 1, step: 9, salt: 7, ..place() };
    let perjuring: Disguise =
        Arc::new(move |_, built| Box::new(Lie::new(built, perjury.clone(), None)));
    let players = [
        site.play(&liar, Some(lying())),
        site.play(&perjurer, Some(perjuring)),
        site.play(&honest, Some(honestly())),
    ];
    let mut rounds = 0;
    // The proposer's is all that is left once everybody else has what is theirs.
    while !site.is_decided().await || site.held().await != site.credit(&proposer).await {
        site.let_time_pass().await;
        rounds += 1;
        assert!(rounds < 1_000, "the dispute never ends");
        assert!(players.iter().all(|player| !player.is_finished()), "a player ended");
    }
    assert_eq!(site.standing().await, keccak256(claim(truth::INTERVAL)));
    assert!(site.balance(&honest).await > before, "its moves are paid for");
    assert!(site.credit(&proposer).await > U256::from(site::BOND), "it has the liar's bond too");
    for loser in [&liar, &perjurer] {
        assert!(site.balance(loser).await < site.rich());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_it_says_what_should_be_done() {
    let site = Site::new().await;
    let liar = Seat::new(2);
    site.propose(&liar, place()).await;
    let watching = site.watch();
    let mut games = watching.games();
    let shown = games.wait_for(|games| !games.is_empty());
    let shown =
        tokio::time::timeout(Duration::from_secs(30), shown).await.unwrap().unwrap().clone();
    assert_eq!((shown.len(), shown[0].is_true), (1, Some(false)));
    assert_eq!(shown[0].next, ["dispute"]);
    assert_eq!(shown[0].stake, U256::ZERO);
    assert!(dispute::explain(&shown[0]).contains("Nobody has disputed it"));
}
