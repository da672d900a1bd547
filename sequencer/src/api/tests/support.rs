//! A sequencer with open doors, and a client that looks at the bytes.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    primitives::{Address, B256, Bytes, TxKind, U256, address, hex, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
};
use bindings::L2ToL1MessagePasser;
use db::testing::TestDatabase;
use derivation::L1Block;
use l1::{L1Source, Proposal, ProposalSource, RecordedL1, RecordedProposals};
use protocol::{
    BlobFee, BlockId, Eip1559Params, Genesis, GenesisAccount, L1Contracts, L1Message, L1Origin,
    RollupConfig, SystemConfig, predeploys::L2_TO_L1_MESSAGE_PASSER,
};
use serde_json::{Value, json};
use service::{Clock, Health, ManualClock, SystemClock, UnixMillis};
use tokio_util::sync::CancellationToken;

use crate::{
    BuilderConfig, SequencerConfig, SequencerHandle, SequencerParts,
    api::{self, Doors, Proposals},
    run,
};

pub(super) const CHAIN_ID: u64 = 42_069;
pub(super) const NOBODY: Address = address!("00000000000000000000000000000000000dead1");
/// Logs its first word as a topic, and counts its calls in slot 0.
pub(super) const LOGGER: Address = address!("0000000000000000000000000000000000010006");
/// Reverts with `Error("nope")`.
pub(super) const REVERTER: Address = address!("0000000000000000000000000000000000010007");
/// Runs for ever.
pub(super) const LOOP: Address = address!("0000000000000000000000000000000000010008");
/// Returns slot 0.
pub(super) const GETTER: Address = address!("0000000000000000000000000000000000010009");
/// Not an instruction.
pub(super) const INVALID: Address = address!("000000000000000000000000000000000001000a");
/// What [`REVERTER`] reverts with.
pub(super) const NOPE: &str = "0x08c379a000000000000000000000000000000000000000000000000000000000000000200000000000000000000000000000000000000000000000000000000000000004\
6e6f706500000000000000000000000000000000000000000000000000000000";

/// The key of a funded account.
pub(super) fn key(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256([number])).unwrap()
}

fn codes() -> [(Address, Vec<u8>); 6] {
    let nope = hex::decode(NOPE).unwrap();
    let reverter = [&[0x60, 100, 0x60, 12, 0x60, 0, 0x39, 0x60, 100, 0x60, 0, 0xfd][..], &nope];
    [
        (LOGGER, hex::decode("60003560006000600054600101600055a100").unwrap()),
        (REVERTER, reverter.concat()),
        (LOOP, hex::decode("5b600056").unwrap()),
        (GETTER, hex::decode("60005460005260206000f3").unwrap()),
        (INVALID, hex::decode("fe").unwrap()),
        (L2_TO_L1_MESSAGE_PASSER, L2ToL1MessagePasser::DEPLOYED_BYTECODE.to_vec()),
    ]
}

/// Rules of a chain that begins `age` seconds ago.
fn rollup(age: u64) -> Arc<RollupConfig> {
    let account = |balance, code: Vec<u8>| GenesisAccount {
        nonce: 0,
        balance,
        code: code.into(),
        storage: BTreeMap::new(),
    };
    let ether = U256::from(10).pow(U256::from(21));
    let funded = (0..20).map(|number| (key(number).address(), account(ether, Vec::new())));
    let contracts = codes().into_iter().map(|(address, code)| (address, account(U256::ZERO, code)));
    let alloc = funded.chain(contracts).collect();
    let timestamp = SystemClock.now().seconds() - age;
    let l1 = l1_block(100, timestamp).id();
    let system_config = SystemConfig {
        batcher: Address::repeat_byte(0x22),
        gas_limit: 60_000_000,
        base_fee_scalar: 1_368,
        blob_base_fee_scalar: 810_949,
        operator_fee_scalar: 0,
        operator_fee_constant: 0,
    };
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
            system_config,
            alloc,
        },
    })
}

/// Seconds between the blocks of an L1 that is not new.
const L1_BLOCK_TIME: u64 = 12;

fn l1_hash(number: u64) -> B256 {
    keccak256(format!("L1 block {number}"))
}

fn l1_block(number: u64, timestamp: u64) -> L1Block {
    L1Block {
        origin: L1Origin {
            number,
            hash: l1_hash(number),
            timestamp,
            base_fee: 1_000_000_000,
            blob_base_fee: 1,
            prev_randao: B256::repeat_byte(0xaa),
            parent_beacon_block_root: B256::repeat_byte(0xbb),
        },
        parent_hash: l1_hash(number - 1),
        batches: Vec::new(),
        messages: Vec::new(),
    }
}

/// A transaction that is signed except for what a test sets.
pub(super) fn transaction(nonce: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 100_000,
        max_fee_per_gas: 2_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to: TxKind::Call(NOBODY),
        value: U256::from(1),
        ..TxEip1559::default()
    }
}

pub(super) fn sign(from: u8, tx: TxEip1559) -> Bytes {
    let signature = key(from).sign_hash_sync(&tx.signature_hash()).unwrap();
    tx.into_signed(signature).encoded_2718().into()
}

pub(super) fn transfer(from: u8, nonce: u64) -> Bytes {
    sign(from, transaction(nonce))
}

/// A call of [`LOGGER`] with this topic.
pub(super) fn log(from: u8, nonce: u64, topic: B256) -> Bytes {
    let to = TxKind::Call(LOGGER);
    sign(from, TxEip1559 { to, input: topic.into(), value: U256::ZERO, ..transaction(nonce) })
}

/// A running sequencer with open doors.
pub(super) struct Node {
    pub(super) handle: SequencerHandle,
    pub(super) doors: Option<Doors>,
    pub(super) address: SocketAddr,
    pub(super) http: reqwest::Client,
    l1: Arc<RecordedL1>,
    recorded: Arc<RecordedProposals>,
    genesis: u64,
    _database: TestDatabase,
}

impl Node {
    pub(super) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// One whose settings a test changes.
    pub(super) async fn with(change: impl FnOnce(&mut SequencerConfig)) -> Self {
        Self::of_age(0, Vec::new(), change).await
    }

    /// One whose chain began `age` seconds ago, on an L1 with these messages in block 101 and blocks until now.
    pub(super) async fn of_age(
        age: u64,
        messages: Vec<L1Message>,
        change: impl FnOnce(&mut SequencerConfig),
    ) -> Self {
        Self::by(Arc::new(SystemClock), age, messages, change).await
    }

    /// One whose time does not come: it takes transactions and builds no block.
    pub(super) async fn before_its_time() -> Self {
        let clock = Arc::new(ManualClock::new(UnixMillis(0)));
        Self::by(clock, 0, Vec::new(), |_| {}).await
    }

    async fn by(
        clock: Arc<dyn Clock>,
        age: u64,
        messages: Vec<L1Message>,
        change: impl FnOnce(&mut SequencerConfig),
    ) -> Self {
        // Another test of this process may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = TestDatabase::create().await;
        let rollup = rollup(age);
        let genesis = rollup.genesis.timestamp;
        let blocks = 100..=100 + age / L1_BLOCK_TIME;
        let blocks =
            blocks.map(|number| l1_block(number, genesis + (number - 100) * L1_BLOCK_TIME));
        let mut blocks: Vec<_> = blocks.collect();
        if let Some(first) = blocks.get_mut(1) {
            first.messages = (0..).zip(messages).collect();
        }
        let l1 = RecordedL1::new(blocks);
        let builder = BuilderConfig {
            sub_block_interval: Duration::from_millis(50),
            ..BuilderConfig::default()
        };
        let mut config =
            SequencerConfig { l1_confirmations: 0, builder, ..SequencerConfig::default() };
        change(&mut config);
        let health = Health::new();
        let parts = SequencerParts {
            rollup: rollup.clone(),
            database: database.database.clone(),
            clock,
            l1: L1Source::Recorded(l1.clone()),
            l1_tip: l1.tip(),
            health: health.clone(),
        };
        let handle = run(config, parts, CancellationToken::new()).await.unwrap();
        let (submitter, view) = (handle.submitter.clone(), handle.view.clone());
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let recorded = RecordedProposals::new(l1.clone());
        let source = ProposalSource::Recorded(recorded.clone());
        let proposals = Proposals::new(source, l1.tip());
        let doors = api::open(anywhere, submitter, view, rollup, proposals, health).await.unwrap();
        let (address, http) = (doors.address, reqwest::Client::new());
        let doors = Some(doors);
        Self { handle, doors, address, http, l1, recorded, genesis, _database: database }
    }

    /// The next L1 block, 101, holds these proposals.
    pub(super) fn propose(&self, proposals: Vec<Proposal>) {
        self.recorded.extend(vec![l1_block(101, self.genesis + 1)], proposals);
    }

    /// In the one after that, a dispute brings this one.
    pub(super) fn dispute(&self, brought: Proposal) {
        self.recorded.extend(vec![l1_block(102, self.genesis + 2)], vec![brought]);
    }

    /// The next L1 block, 101, has these messages.
    pub(super) fn messages(&self, messages: Vec<L1Message>) {
        let mut block = l1_block(101, self.genesis + 1);
        block.messages = (0..).zip(messages).collect();
        self.l1.extend(vec![block]);
    }

    /// L1 has other blocks from 101 on, up to 102.
    pub(super) fn reorg(&self) {
        let other = |number: u64, parent_hash| {
            let mut block = l1_block(number, self.genesis + number - 100);
            block.origin.hash = keccak256(format!("another L1 block {number}"));
            block.parent_hash = parent_hash;
            block
        };
        let first = other(101, l1_hash(100));
        let second = other(102, first.origin.hash);
        self.l1.extend(vec![first, second]);
    }

    /// Waits until the newest block is based on this L1 block or a later one.
    pub(super) async fn until_origin(&self, number: u64) {
        for _ in 0..1_000 {
            if self.handle.view.latest().reference.origin.number >= number {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no block is based on L1 block {number}");
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Posts bytes as they are.
    pub(super) async fn post(&self, body: impl Into<reqwest::Body>) -> (u16, String) {
        let request = self.http.post(self.url()).header("content-type", "application/json");
        let response = request.body(body).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Calls a method and returns the whole answer.
    pub(super) async fn ask(&self, method: &str, params: Value) -> Value {
        let call = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let (status, answer) = self.post(call.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["id"], 7);
        answer
    }

    /// Calls a method that must succeed.
    pub(super) async fn call(&self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Calls a method that must fail; its code, message and data.
    pub(super) async fn fail(&self, method: &str, params: Value) -> (i64, String, Value) {
        let answer = self.ask(method, params).await;
        let error = &answer["error"];
        assert!(error.is_object(), "{method} succeeded: {answer}");
        let message = error["message"].as_str().unwrap().to_owned();
        (error["code"].as_i64().unwrap(), message, error["data"].clone())
    }

    /// Sends a transaction and waits for its receipt as clients do.
    pub(super) async fn send(&self, raw: &Bytes) -> Value {
        let hash = self.call("eth_sendRawTransaction", json!([raw])).await;
        self.receipt(&hash).await
    }

    pub(super) async fn receipt(&self, hash: &Value) -> Value {
        for _ in 0..500 {
            let receipt = self.call("eth_getTransactionReceipt", json!([hash])).await;
            if !receipt.is_null() {
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no receipt of {hash}");
    }

    /// The access list of a block, once it is written.
    pub(super) async fn access_list(&self, number: &Value) -> Value {
        for _ in 0..500 {
            let answer = self.ask("eth_getBlockAccessList", json!([number])).await;
            if let Some(list) = answer.get("result") {
                return list.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no access list of {number}");
    }

    /// Waits until the projection has a block.
    pub(super) async fn until_projected(&self, number: u64) {
        let projection = db::Projection::new(self.handle.view.database().clone());
        for _ in 0..1_000 {
            if projection.cursor().await.unwrap() >= Some(number) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("block {number} was not projected");
    }

    pub(super) async fn number(&self) -> u64 {
        quantity(&self.call("eth_blockNumber", json!([])).await)
    }

    pub(super) async fn until_block(&self, number: u64) {
        for _ in 0..1_000 {
            if self.number().await >= number {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("block {number} did not come");
    }
}

pub(super) fn quantity(value: &Value) -> u64 {
    let text = value.as_str().unwrap_or_else(|| panic!("not a quantity: {value}"));
    u64::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap()
}
