//! Postgres goes away and comes back; another leader takes over.

use std::time::Duration;

use alloy::primitives::U256;
use db::{Acquisition, Leases, Role};
use state::StateReader;

use super::support::{NOBODY, World, transfer};
use crate::{SequencerError, WaitError, chain::At};

const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn nothing_is_acknowledged_while_postgres_is_away_and_all_goes_on_when_it_is_back() {
    let mut world = World::with_own_server();
    let node = world.start();
    let submitted = node.handle.submitter.submit_and_wait(transfer(0, 0, 1), PATIENCE);
    node.block_on(submitted).unwrap();
    node.until_block(2);
    world.stop_server();
    let submitted =
        node.handle.submitter.submit_and_wait(transfer(0, 1, 1), Duration::from_secs(3));
    let error = node.block_on(submitted).unwrap_err();
    assert!(matches!(error, WaitError::TimedOut { .. } | WaitError::Rejected(_)), "{error:?}");
    let shown = node.handle.view.latest().number();
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(node.handle.view.latest().number() <= shown + 1, "no block is latest unless durable");
    world.start_server();
    // The transaction may have been taken before the server went, or not at all.
    let _ = node.block_on(node.handle.submitter.submit(transfer(0, 1, 1)));
    let hash = alloy::primitives::keccak256(transfer(0, 1, 1));
    node.block_on(node.handle.submitter.wait_for(hash, PATIENCE)).unwrap();
    node.until_block(shown + 4);
    let state = node.block_on(node.handle.view.state(At::Pending)).unwrap();
    assert_eq!(state.account(&NOBODY).unwrap().unwrap().balance, U256::from(2));
    node.stop();
}

#[test]
fn a_deposed_leader_ends_and_writes_nothing_more() {
    let world = World::new(0);
    let mut node = world.start();
    node.until_block(1);
    let leases = Leases::new(node.block_on(world.connect()));
    let taken = node.block_on(leases.acquire(Role::Sequencer, "braid", Duration::from_secs(9)));
    assert!(matches!(taken.unwrap(), Acquisition::Acquired(_)));
    let error = node.ended().unwrap_err();
    assert!(
        matches!(
            error,
            SequencerError::Journal(db::JournalError::Deposed(_))
                | SequencerError::Index(db::IndexError::Deposed(_))
                | SequencerError::Heads(db::HeadsStoreError::Deposed(_))
                | SequencerError::Lease(db::LeaseError::Deposed(_))
        ),
        "{error:?}"
    );
}
