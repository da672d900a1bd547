//! The doors in front of an imported chain: index, memory, mempool and trie as in a running sequencer, and no builder, so
//! that the chain stays as it is and what is sent stays pending.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use alloy::primitives::Address;
use db::{
    Acquisition, CurrentState, Fence, Index, Leases, PgStateReader, Projection, Role,
    WithdrawalNodes, testing::TestDatabase,
};
use l1::{ProposalSource, RecordedL1, RecordedProposals};
use protocol::{BlockId, Eip1559Params, Genesis, Heads, L1Contracts, RollupConfig, SystemConfig};
use service::Health;
use state::CacheLimits;

use super::import::Chain;
use crate::{
    ReaderConfig, Submitter,
    api::{self, Doors, Proposals},
    builder::{RootHandle, RootWorker, WithdrawalKeeper},
    chain::{BaseState, ChainStore, ChainView, StoreLimits},
    mempool::{Admission, AdmissionRules, Mempool, MempoolLimits, OrderingChoice, RecoveryThreads},
    publisher::Publisher,
    quota::{QuotaConfig, Quotas},
};

/// Blocks that are kept in memory; all others come from Postgres.
const RECENT_BLOCKS: usize = 8;
/// Blocks by which the index is brought forward in one step.
const STEP_BLOCKS: u32 = 64;

/// Open doors. The chain's threads end with it.
pub(super) struct Node {
    pub(super) address: SocketAddr,
    _doors: Doors,
    _threads: RecoveryThreads,
    _root: RootWorker,
    pub(super) database: TestDatabase,
}

/// Writes the chain into a fresh database, and opens the doors in front of it.
pub(super) async fn serve(chain: Chain) -> Node {
    let database = TestDatabase::create().await;
    let newest = chain.blocks.last().unwrap().block.clone();
    let number = newest.number();
    write(&database, &chain).await;
    let reader = PgStateReader::start(database.database.clone()).unwrap();
    let base = Arc::new(BaseState::new(reader, CacheLimits::default(), number));
    let kept = chain.blocks.len() - RECENT_BLOCKS;
    let recent = chain.blocks[kept..].iter().map(|imported| imported.block.clone()).collect();
    let head = newest.reference;
    let heads = Heads::new(head, head, head).unwrap();
    let limits =
        StoreLimits { recent_blocks_max: RECENT_BLOCKS, recent_transactions_max: usize::MAX };
    let store = Arc::new(ChainStore::new(base, limits, recent, heads, number));

    let rollup = Arc::new(config(&chain));
    let publisher = Arc::new(Publisher::new(1_024, 1_024));
    let base_fee = newest.header.base_fee_per_gas.unwrap();
    let (bounds, ordering) = (MempoolLimits::default(), OrderingChoice::default());
    let mempool = Arc::new(Mempool::new(bounds, ordering, base_fee, publisher.clone()));
    let rules = AdmissionRules { chain_id: rollup.l2_chain_id, base_fee_min: 0 };
    let quotas = Arc::new(Quotas::new(QuotaConfig::default()));
    let admission = Arc::new(Admission::new(
        rules,
        store.clone(),
        mempool.clone(),
        Arc::default(),
        quotas.clone(),
    ));
    let (queue, threads) = RecoveryThreads::start(&admission, 1, 64).unwrap();
    let handle = RootHandle::default();
    let root = RootWorker::start(chain.trie, number, WithdrawalKeeper::new(1), &handle).unwrap();
    let (pool, limits) = (database.database.clone(), ReaderConfig::default());
    let view = ChainView::new(store, rollup.clone(), pool, handle, &limits)
        .of_ethereum(Arc::new(chain.ethereum));
    let submitter =
        Submitter { queue, mempool, publisher, view: view.clone(), quotas, leads: true };
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let l1 = RecordedL1::new(Vec::new());
    let source = ProposalSource::Recorded(RecordedProposals::new(l1.clone()));
    let proposals = Proposals::new(source, l1.tip());
    let health = Health::new();
    let doors = api::open(anywhere, submitter, view, rollup, proposals, health).await.unwrap();
    Node { address: doors.address, _doors: doors, _threads: threads, _root: root, database }
}

async fn write(database: &TestDatabase, chain: &Chain) {
    let fence = lead(database).await;
    let index = Index::new(database.database.clone());
    for imported in &chain.blocks {
        index
            .write(fence, &imported.record.pack().unwrap(), &WithdrawalNodes::default())
            .await
            .unwrap();
    }
    let newest = Some(chain.blocks.len() as u64 - 1);
    let current = CurrentState::new(database.database.clone());
    let projection = Projection::new(database.database.clone());
    while current.advance(STEP_BLOCKS).await.unwrap() != newest {}
    while projection.advance(STEP_BLOCKS).await.unwrap() != newest {}
}

async fn lead(database: &TestDatabase) -> Fence {
    let leases = Leases::new(database.database.clone());
    let hour = Duration::from_secs(3_600);
    match leases.acquire(Role::Sequencer, "conformance", hour).await.unwrap() {
        Acquisition::Acquired(fence) => fence,
        Acquisition::Held(holder) => panic!("somebody leads a fresh database: {holder:?}"),
    }
}

/// What the doors want to know of a chain; most of it means something only to a rollup.
fn config(chain: &Chain) -> RollupConfig {
    let genesis = &chain.blocks[0].block;
    let system_config = SystemConfig { gas_limit: genesis.header.gas_limit, ..Default::default() };
    let nowhere = Address::ZERO;
    RollupConfig {
        l1_chain_id: 1,
        l2_chain_id: chain.ethereum.config.chain_id,
        block_time: 12,
        sequencing_window: 1,
        sequencer_drift_max: 0,
        proposal_interval: 1,
        dispute_window: 1,
        fees: Eip1559Params { elasticity: 2, denominator: 8, base_fee_min: 0 },
        blob_schedule: Vec::new(),
        contracts: L1Contracts {
            system_config: nowhere,
            batch_inbox: nowhere,
            portal: nowhere,
            output_oracle: nowhere,
        },
        genesis: Genesis {
            l1: BlockId { number: 0, hash: Default::default() },
            timestamp: genesis.header.timestamp,
            gas_limit: genesis.header.gas_limit,
            base_fee: 0,
            system_config,
            alloc: Default::default(),
        },
    }
}
