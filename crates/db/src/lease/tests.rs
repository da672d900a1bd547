//! Epochs only grow, one holder at a time, and what stands in whose way.

use super::*;
use crate::{
    DatabaseOptions,
    testing::{OwnServer, TestDatabase},
};

const LONG: Duration = Duration::from_secs(60);
const EXPIRED: Duration = Duration::ZERO;

async fn acquired(leases: &Leases, holder: &str, duration: Duration) -> Fence {
    match leases.acquire(Role::Sequencer, holder, duration).await.unwrap() {
        Acquisition::Acquired(fence) => fence,
        Acquisition::Held(holder) => panic!("held by {holder:?}"),
    }
}

#[tokio::test]
async fn a_lease_is_taken_once_and_again_after_it_expires_or_is_released() {
    let test = TestDatabase::create().await;
    let leases = Leases::new(test.database.clone());
    assert_eq!(leases.holder(Role::Sequencer).await.unwrap(), None);
    let first = acquired(&leases, "a", LONG).await;
    assert_eq!(first, Fence { role: Role::Sequencer, epoch: 1 });

    let refused = leases.acquire(Role::Sequencer, "b", LONG).await.unwrap();
    let Acquisition::Held(holder) = refused else { panic!("two leaders") };
    assert_eq!((holder.name.as_deref(), holder.epoch), (Some("a"), 1));
    assert!(holder.remaining > Duration::from_secs(50) && holder.remaining <= LONG);
    // Roles do not disturb each other.
    assert!(matches!(
        leases.acquire(Role::Batcher, "b", LONG).await.unwrap(),
        Acquisition::Acquired(Fence { role: Role::Batcher, epoch: 1 })
    ));

    leases.renew(first, EXPIRED).await.unwrap();
    assert_eq!(leases.holder(Role::Sequencer).await.unwrap().unwrap().remaining, EXPIRED);
    leases.renew(first, EXPIRED).await.expect("nobody has taken it yet");
    let second = acquired(&leases, "b", LONG).await;
    assert_eq!(second.epoch, 2);
    assert!(
        matches!(leases.renew(first, LONG).await, Err(LeaseError::Deposed(fence)) if fence == first)
    );
    leases.release(first).await.unwrap();
    assert_eq!(leases.holder(Role::Sequencer).await.unwrap().unwrap().name.as_deref(), Some("b"));

    leases.release(second).await.unwrap();
    assert!(matches!(leases.renew(second, LONG).await, Err(LeaseError::Deposed(_))));
    assert_eq!(acquired(&leases, "a", LONG).await.epoch, 4, "a release ends an epoch too");
    assert_eq!(acquired(&leases, "a", LONG).await.epoch, 5, "a restart takes over its own lease");
}

#[tokio::test]
async fn of_many_who_try_at_once_exactly_one_leads() {
    let test = TestDatabase::create().await;
    let leases = Leases::new(test.database.clone());
    for round in 1..=400 {
        // The first leader there ever was, every other time.
        if round % 2 == 1 {
            sqlx::query("DELETE FROM leases").execute(test.database.pool()).await.unwrap();
        }
        let tries = (0..8).map(|index| {
            let leases = leases.clone();
            tokio::spawn(async move {
                leases.acquire(Role::Verifier, &format!("{round}-{index}"), LONG).await.unwrap()
            })
        });
        let mut fences = Vec::new();
        for attempt in tries.collect::<Vec<_>>() {
            if let Acquisition::Acquired(fence) = attempt.await.unwrap() {
                fences.push(fence);
            }
        }
        assert_eq!(fences.len(), 1);
        leases.release(fences[0]).await.unwrap();
    }
}

#[tokio::test]
async fn a_held_fence_stops_a_takeover_but_not_a_renewal() {
    let test = TestDatabase::create().await;
    let leases = Leases::new(test.database.clone());
    let fence = acquired(&leases, "a", EXPIRED).await;
    let mut transaction = test.database.pool().begin().await.unwrap();
    assert!(hold_fence(&mut transaction, fence).await.unwrap());

    leases.renew(fence, EXPIRED).await.expect("a renewal leaves the key alone");
    let rival = leases.clone();
    let mut takeover =
        tokio::spawn(async move { rival.acquire(Role::Sequencer, "b", LONG).await.unwrap() });
    let waited = tokio::time::timeout(Duration::from_millis(300), &mut takeover).await;
    assert!(waited.is_err(), "a takeover must wait for the writer's commit");
    transaction.commit().await.unwrap();
    assert!(matches!(takeover.await.unwrap(), Acquisition::Acquired(Fence { epoch: 2, .. })));

    let mut transaction = test.database.pool().begin().await.unwrap();
    assert!(!hold_fence(&mut transaction, fence).await.unwrap(), "the old epoch is over");
}

#[tokio::test]
async fn whoever_waits_leads_soon_after_the_leader_gives_up_and_until_it_is_deposed() {
    let test = TestDatabase::create().await;
    let leases = Leases::new(test.database.clone());
    let first = acquired(&leases, "a", LONG).await;
    let duration = Duration::from_millis(300);
    let rival = leases.clone();
    let waiting =
        tokio::spawn(async move { rival.lead(Role::Sequencer, "b", duration).await.unwrap() });
    tokio::time::sleep(2 * duration).await;
    assert!(!waiting.is_finished(), "the lease is another's");
    leases.release(first).await.unwrap();
    let second = waiting.await.unwrap();
    assert_eq!(second.epoch, 3);

    let keeper = leases.clone();
    let keeping = tokio::spawn(async move { keeper.keep(second, LONG / 200).await });
    tokio::time::sleep(duration).await;
    assert!(!keeping.is_finished());
    let held = leases.holder(Role::Sequencer).await.unwrap().unwrap();
    assert_eq!(held.name.as_deref(), Some("b"));
    acquired(&leases, "b", LONG).await;
    let ended = keeping.await.unwrap();
    assert!(matches!(ended, Err(LeaseError::Deposed(fence)) if fence == second), "{ended:?}");
}

#[tokio::test]
async fn an_outage_neither_ends_the_waiting_nor_the_leading() {
    let server = OwnServer::new();
    let cluster = server.start().await;
    let limits = DatabaseOptions {
        acquire_time_max: Duration::from_millis(100),
        ..DatabaseOptions::default()
    };
    let database = Database::connect(&cluster.url("postgres"), &limits).await.unwrap();
    database.migrate().await.unwrap();
    let leases = Leases::new(database);
    let fence = acquired(&leases, "a", LONG).await;
    tokio::task::spawn_blocking(|| cluster.stop()).await.unwrap().unwrap();

    let (keeper, rival) = (leases.clone(), leases.clone());
    let duration = Duration::from_millis(150);
    let keeping = tokio::spawn(async move { keeper.keep(fence, duration).await });
    let waiting = tokio::spawn(async move { rival.lead(Role::Batcher, "b", duration).await });
    tokio::time::sleep(4 * duration).await;
    assert!(!keeping.is_finished() && !waiting.is_finished());
    let _cluster = server.start().await;
    assert_eq!(waiting.await.unwrap().unwrap(), Fence { role: Role::Batcher, epoch: 1 });
    assert!(!keeping.is_finished());
    keeping.abort();
}
