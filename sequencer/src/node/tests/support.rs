//! A sequencer on a real database and a recorded L1, in a runtime of its own so that it can be killed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    primitives::{Address, B256, Bytes, TxKind, U256, address, bytes, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use db::{
    Cluster, ClusterOptions, Database, DatabaseOptions, Durability, Predictions,
    testing::TestDatabase,
};
use derivation::L1Block;
use l1::{L1Source, RecordedL1};
use protocol::{
    BlobFee, BlockId, Eip1559Params, Genesis, GenesisAccount, L1Contracts, L1Message, L1Origin,
    PostedBatch, RollupConfig, SystemConfig,
};
use service::{Clock, Health, SystemClock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::{BuilderConfig, SequencerConfig, SequencerError, SequencerHandle, SequencerParts, run};

pub(super) const CHAIN_ID: u64 = 42_069;
pub(super) const NOBODY: Address = address!("00000000000000000000000000000000000dead1");

/// Adds one to its slot 0.
pub(super) const COUNTER: Address = address!("0000000000000000000000000000000000c00073");

/// The key of a funded account.
pub(super) fn key(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256([number])).unwrap()
}

/// Rules of a chain that begins `age` seconds ago, with ten funded keys.
pub(super) fn rollup(age: u64) -> Arc<RollupConfig> {
    let funded = GenesisAccount {
        nonce: 0,
        balance: U256::from(10).pow(U256::from(21)),
        code: Bytes::new(),
        storage: BTreeMap::new(),
    };
    let users = (0..10).map(|number| (key(number).address(), funded.clone()));
    let code = bytes!("5f546001015f5500");
    let counter = GenesisAccount { nonce: 1, balance: U256::ZERO, code, storage: BTreeMap::new() };
    let alloc = users.chain([(COUNTER, counter)]).collect();
    let timestamp = SystemClock.now().seconds() - age;
    let l1 = l1_block(100, timestamp, 0).id();
    Arc::new(RollupConfig {
        l1_chain_id: 1,
        l2_chain_id: CHAIN_ID,
        block_time: 1,
        sequencing_window: 1_000,
        sequencer_drift_max: 600,
        proposal_interval: 32,
        dispute_window: 60,
        fees: Eip1559Params { elasticity: 6, denominator: 50, base_fee_min: 1_000 },
        blob_schedule: vec![BlobFee { from_timestamp: 0, update_fraction: 5_007_716 }],
        contracts: L1Contracts {
            system_config: Address::repeat_byte(0x11),
            batch_inbox: Address::repeat_byte(0x12),
            portal: Address::repeat_byte(0x13),
            output_oracle: Address::repeat_byte(0x14),
        },
        genesis: Genesis {
            l1: BlockId { number: l1.number, hash: l1.hash },
            timestamp,
            gas_limit: 60_000_000,
            base_fee: 1_000_000,
            system_config: SystemConfig {
                batcher: Address::repeat_byte(0x22),
                gas_limit: 60_000_000,
                base_fee_scalar: 1_368,
                blob_base_fee_scalar: 810_949,
                operator_fee_scalar: 0,
                operator_fee_constant: 0,
            },
            alloc,
        },
    })
}

/// The hash of L1 block `number` on branch `branch`; branches part where their numbers differ.
pub(super) fn l1_hash(number: u64, branch: u8) -> B256 {
    keccak256([&number.to_be_bytes()[..], &[branch]].concat())
}

/// An empty L1 block on its branch, whose parent is on the same branch.
pub(super) fn l1_block(number: u64, timestamp: u64, branch: u8) -> L1Block {
    L1Block {
        origin: L1Origin {
            number,
            hash: l1_hash(number, branch),
            timestamp,
            base_fee: 7,
            blob_base_fee: 1,
            prev_randao: l1_hash(number, 0xaa),
            parent_beacon_block_root: l1_hash(number, 0xbb),
        },
        parent_hash: l1_hash(number - 1, branch),
        batches: Vec::<PostedBatch>::new(),
        messages: Vec::<(u32, L1Message)>::new(),
    }
}

/// Signs a transfer.
pub(super) fn transfer(from: u8, nonce: u64, value: u64) -> Bytes {
    transfer_with(from, nonce, value, 1_000_000)
}

pub(super) fn transfer_with(from: u8, nonce: u64, value: u64, tip: u128) -> Bytes {
    sign(
        from,
        TxEip1559 {
            nonce,
            gas_limit: 21_000,
            max_priority_fee_per_gas: tip,
            to: TxKind::Call(NOBODY),
            value: U256::from(value),
            ..TxEip1559::default()
        },
    )
}

/// Signs a call of the counter.
pub(super) fn count(from: u8, nonce: u64) -> Bytes {
    sign(
        from,
        TxEip1559 {
            nonce,
            gas_limit: 100_000,
            max_priority_fee_per_gas: 1,
            to: TxKind::Call(COUNTER),
            input: bytes!("01020304"),
            ..TxEip1559::default()
        },
    )
}

fn sign(from: u8, tx: TxEip1559) -> Bytes {
    let tx = TxEip1559 { chain_id: CHAIN_ID, max_fee_per_gas: 2_000_000_000, ..tx };
    let signature = key(from).sign_hash_sync(&tx.signature_hash()).unwrap();
    tx.into_signed(signature).encoded_2718().into()
}

/// A database, an L1 and the chain's rules, which outlive sequencers.
#[derive(Debug)]
pub(super) struct World {
    pub(super) rollup: Arc<RollupConfig>,
    pub(super) l1: Arc<RecordedL1>,
    pub(super) config: SequencerConfig,
    store: Store,
    keeper: Runtime,
}

/// Where the sequencers of a world keep their chain.
#[derive(Debug)]
enum Store {
    /// A database on the server that all tests share.
    Shared(TestDatabase),
    /// A server that this test alone starts and stops.
    Own { directory: TempDir, server: Option<Cluster> },
}

/// A running sequencer.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) handle: SequencerHandle,
    pub(super) shutdown: CancellationToken,
    runtime: Option<Runtime>,
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn start_cluster(directory: &TempDir) -> Cluster {
    let options = ClusterOptions {
        directory: Some(directory.path().to_path_buf()),
        durability: Durability::Durable,
        ..ClusterOptions::default()
    };
    Cluster::start(&options).unwrap()
}

impl World {
    /// A chain that began `age` seconds ago on an L1 with one block, in an empty database.
    pub(super) fn new(age: u64) -> Self {
        let rollup = rollup(age);
        let l1 = RecordedL1::new(vec![l1_block(100, rollup.genesis.timestamp, 0)]);
        Self::on(rollup, l1)
    }

    /// The same chain on the same L1, in an empty database.
    pub(super) fn on(rollup: Arc<RollupConfig>, l1: Arc<RecordedL1>) -> Self {
        let keeper = runtime();
        let store = Store::Shared(keeper.block_on(TestDatabase::create()));
        Self::with(rollup, l1, store, keeper)
    }

    /// A new chain on a server of its own.
    pub(super) fn with_own_server() -> Self {
        let rollup = rollup(0);
        let l1 = RecordedL1::new(vec![l1_block(100, rollup.genesis.timestamp, 0)]);
        let directory = tempfile::tempdir().unwrap();
        let server = Some(start_cluster(&directory));
        let world = Self::with(rollup, l1, Store::Own { directory, server }, runtime());
        world.keeper.block_on(async {
            world.connect().await.migrate().await.unwrap();
        });
        world
    }

    fn with(rollup: Arc<RollupConfig>, l1: Arc<RecordedL1>, store: Store, keeper: Runtime) -> Self {
        // Another test of this process may have done it.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let builder = BuilderConfig {
            sub_block_interval: Duration::from_millis(50),
            ..BuilderConfig::default()
        };
        let config = SequencerConfig {
            l1_confirmations: 0,
            lease_duration: Duration::from_secs(30),
            builder,
            ..SequencerConfig::default()
        };
        Self { rollup, l1, config, store, keeper }
    }

    pub(super) async fn connect(&self) -> Database {
        let url = match &self.store {
            Store::Shared(test) => test.url.clone(),
            Store::Own { server, .. } => server.as_ref().unwrap().url("postgres"),
        };
        Database::connect(&url, &DatabaseOptions::default()).await.unwrap()
    }

    pub(super) fn stop_server(&mut self) {
        if let Store::Own { server, .. } = &mut self.store {
            server.take().unwrap().stop().unwrap();
        }
    }

    pub(super) fn start_server(&mut self) {
        if let Store::Own { directory, server } = &mut self.store {
            *server = Some(start_cluster(directory));
        }
    }

    /// What sequencers have saved of what they learned.
    pub(super) fn learned(&self) -> Option<Vec<u8>> {
        let runtime = runtime();
        runtime.block_on(async { Predictions::new(self.connect().await).load().await.unwrap() })
    }

    /// Starts a sequencer.
    pub(super) fn start(&self) -> Running {
        let runtime = runtime();
        let shutdown = CancellationToken::new();
        let handle = runtime.block_on(async {
            let parts = SequencerParts {
                rollup: self.rollup.clone(),
                database: self.connect().await,
                clock: Arc::new(SystemClock),
                l1: L1Source::Recorded(self.l1.clone()),
                l1_tip: self.l1.tip(),
                health: Health::new(),
            };
            run(self.config.clone(), parts, shutdown.clone()).await.unwrap()
        });
        Running { handle, shutdown, runtime: Some(runtime) }
    }
}

impl Running {
    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(future)
    }

    /// Waits until `done` gives something.
    pub(super) fn until<T>(&self, what: &str, mut done: impl FnMut(&Self) -> Option<T>) -> T {
        for _ in 0..2_000 {
            if let Some(found) = done(self) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("waited too long for {what}");
    }

    /// Waits for a latest block of at least this number.
    pub(super) fn until_block(&self, number: u64) {
        self.until("a block", |running| {
            (running.handle.view.latest().number() >= number).then_some(())
        });
    }

    /// Waits for it to end by itself.
    pub(super) fn ended(&mut self) -> Result<(), SequencerError> {
        self.runtime.as_ref().unwrap().block_on(self.handle.wait())
    }

    /// Ends in order.
    pub(super) fn stop(mut self) {
        self.shutdown.cancel();
        let runtime = self.runtime.take().unwrap();
        runtime.block_on(self.handle.wait()).unwrap();
    }

    /// Ends as a crash would: nothing more is written.
    pub(super) fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}
