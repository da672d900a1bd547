//! Runs a verifier in a test, ends it in different ways, and looks at what it left in its database.

use std::{sync::Arc, time::Duration};

use alloy::primitives::B256;
use db::{Database, Index, StateScan, VerifierStore, testing::TestDatabase};
use l1::{L1Evidence, L1Source, ProposalSource};
use protocol::BlockId;
use service::Health;
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{oracle::Oracle, world::World};
use crate::{
    AccessListSource, Deps, Status, VerifierConfig, VerifierError, VerifierHandle,
    claims::claims_of, run,
};

/// Nothing here takes long; what does is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running verifier.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) handle: VerifierHandle,
    pub(super) status: watch::Receiver<Status>,
    shutdown: CancellationToken,
}

/// Settings under which every bound is reached by a short chain.
pub(super) fn config() -> VerifierConfig {
    VerifierConfig {
        l1_prefetch_blocks_max: 3,
        write_queue_blocks_max: 2,
        state_chunk_blocks: 3,
        proposal_alarm_l1_blocks: 3,
        ..VerifierConfig::default()
    }
}

pub(super) async fn try_start(
    world: &World,
    database: &Database,
) -> Result<Running, VerifierError> {
    start_with(world, database, None).await
}

/// With access lists.
pub(super) async fn start_with(
    world: &World,
    database: &Database,
    lists: Option<AccessListSource>,
) -> Result<Running, VerifierError> {
    start_as(world, database, lists, config()).await
}

/// With other settings.
pub(super) async fn start_as(
    world: &World,
    database: &Database,
    lists: Option<AccessListSource>,
    config: VerifierConfig,
) -> Result<Running, VerifierError> {
    let deps = Deps {
        rollup: world.rollup.clone(),
        database: database.clone(),
        l1: L1Source::Recorded(Arc::clone(&world.l1)),
        evidence: L1Evidence::Recorded(Arc::default()),
        proposals: ProposalSource::Recorded(Arc::clone(&world.recorded_proposals)),
        lists,
        l1_tip: world.l1.tip(),
        proposer: None,
        disputes: None,
        health: Health::new(),
        config,
    };
    let shutdown = CancellationToken::new();
    let handle = run(deps, shutdown.clone()).await?;
    Ok(Running { status: handle.status(), handle, shutdown })
}

pub(super) async fn start(world: &World, test: &TestDatabase) -> Running {
    try_start(world, &test.database).await.unwrap()
}

impl Running {
    /// Waits until the status is as wanted.
    pub(super) async fn until(&mut self, wanted: impl FnMut(&Status) -> bool) -> Status {
        let waiting = timeout(PATIENCE, self.status.wait_for(wanted)).await;
        waiting.expect("the verifier gets there").expect("the verifier runs").clone()
    }

    /// Waits until all of this L1 block is derived.
    pub(super) async fn processed(&mut self, l1: BlockId) -> Status {
        self.until(|status| status.l1_processed == l1).await
    }

    /// Ends it in order.
    pub(super) async fn stop(mut self) {
        self.shutdown.cancel();
        timeout(PATIENCE, self.handle.wait()).await.expect("it ends").expect("it ends well");
    }
}

/// Everything that a database holds of the chain is what the oracle says.
pub(super) async fn assert_holds(test: &TestDatabase, oracle: &Oracle, l1: BlockId) {
    let index = Index::new(test.database.clone());
    let tables = VerifierStore::new(test.database.clone());
    let hashes = oracle.hashes();
    let mut stored = Vec::new();
    for number in 0..=oracle.number() {
        let block = index.block(number).await.unwrap().expect("every block is there");
        stored.push(block.hash);
    }
    assert_eq!(stored, hashes);
    assert_eq!(index.tip().await.unwrap().unwrap().header.number, oracle.number());
    let derived = tables.derived_blocks(1, u64::MAX).await.unwrap();
    let outputs: Vec<B256> = derived.iter().map(|row| row.output_root).collect();
    let expected: Vec<B256> = (1..=oracle.number()).map(|number| oracle.output(number)).collect();
    assert_eq!(outputs, expected);
    for (row, header) in derived.iter().zip(&oracle.headers[1..]) {
        let number = usize::try_from(row.block.number).unwrap();
        let claims = claims_of(row, header).unwrap();
        assert_eq!((claims.slices.len(), claims.claim), (0, oracle.claims[number]));
    }
    assert_eq!(tables.l1_blocks(u64::MAX, 1).await.unwrap(), [l1]);
    let mut scan = StateScan::begin(&test.database).await.unwrap();
    assert_eq!(scan.block(), Some(oracle.number()));
    let (mut accounts, mut slots) = (Vec::new(), Vec::new());
    loop {
        let chunk = scan.accounts().await.unwrap();
        if chunk.is_empty() {
            break;
        }
        accounts.extend(chunk);
    }
    loop {
        let chunk = scan.slots().await.unwrap();
        if chunk.is_empty() {
            break;
        }
        slots.extend(chunk);
    }
    assert_eq!(accounts, oracle.state.accounts().collect::<Vec<_>>());
    assert_eq!(slots, oracle.state.slots().collect::<Vec<_>>());
}
