//! An anvil with the dispute contracts on it, and players there.

use std::{convert::Infallible, sync::Arc, time::Duration};

use alloy::{
    eips::BlockId,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, address, keccak256},
    providers::{Provider, ext::AnvilApi},
    rpc::types::{TransactionRequest, anvil::ReorgOptions},
    sol_types::{SolCall, SolConstructor, SolValue},
};
use bindings::{
    DisputeOracle::{self, OracleParameters},
    ITournaments, Step,
    contracts::Claims::BlockClaim,
};
use dispute::{GameSummary, Lie, Need, Source, Where};
use fault_proof::commitment::Commitment;
use l1::{
    Disputes, Kzg, L1Client, L1Config, L1Watcher, LocalSigner,
    anvil::{Anvil, AnvilOptions, MNEMONIC},
    tx::{Outcome, TxConfig, TxRecord, TxSender},
    watch_tip,
};
use service::Health;
use tokio::{sync::watch, task::JoinHandle};
use verifier::{
    Pins,
    player::{ClaimsPart, Disguise, Mover, Part, Pinned, Player, PlayerDeps, Trees, honestly},
};

use crate::{
    memory_store::MemoryStore,
    program::{Claim, claim, false_claim, machine},
    truth::{HEIGHT, INTERVAL, Truth},
};

const CHAIN_ID: u64 = 900;
const OWNER: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
const ACCUMULATORS: Address = Address::repeat_byte(0xac);
/// Answers any call with a word of zeros.
const ZEROS: [u8; 7] = [0x5f, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3];
const PARAMETERS: B256 = B256::repeat_byte(0x9a);
const WINDOW: u64 = 2_000;
const GWEI: u64 = 1_000_000_000;
pub(crate) const BOND: u64 = 1_000_000_000 * GWEI;
/// How long nothing has to happen until time is let pass.
const QUIET: Duration = Duration::from_millis(200);

pub(crate) struct Site {
    config: L1Config,
    client: L1Client,
    oracle: Address,
    _anvil: Anvil,
}

/// Somebody with an account and an outbox, which outlive a process.
pub(crate) struct Seat {
    signer: LocalSigner,
    store: MemoryStore,
}

/// A running player. Dropping it ends it.
pub(crate) struct Running {
    tasks: Vec<JoinHandle<()>>,
    games: watch::Receiver<Vec<GameSummary>>,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let anvil = Anvil::spawn(AnvilOptions::default()).await.unwrap();
        let config = L1Config {
            l1_poll_interval: Duration::from_millis(20),
            ..L1Config::for_anvil(&anvil.url())
        };
        let client = L1Client::connect(&config, CHAIN_ID).await.unwrap();
        let mut site = Self { config, client, oracle: Address::ZERO, _anvil: anvil };
        let zeros = Bytes::from_static(&ZEROS);
        site.client.provider().anvil_set_code(ACCUMULATORS, zeros).await.unwrap();
        let step = site.create(Step::BYTECODE.to_vec()).await;
        let constructor = DisputeOracle::constructorCall { rules: rules(step), chain: chain() };
        let code = [DisputeOracle::BYTECODE.to_vec(), constructor.abi_encode()].concat();
        site.oracle = site.create(code).await;
        site
    }

    /// Proposes the first interval with a lie in it.
    pub(crate) async fn propose(&self, seat: &Seat, lie: Where) {
        let mut trees = Lie::new(Truth::new(0, [B256::ZERO; 5]), lie, None);
        self.propose_as(seat, &trees.segments().unwrap(), &false_claim(INTERVAL)).await;
    }

    /// Proposes it as it is.
    pub(crate) async fn propose_truth(&self, seat: &Seat) {
        let tree = Truth::new(0, [B256::ZERO; 5]).segments().unwrap();
        self.propose_as(seat, &tree, &claim(INTERVAL)).await;
    }

    async fn propose_as(&self, seat: &Seat, tree: &Commitment, last: &Claim) {
        let block = self.client.header(alloy::eips::BlockNumberOrTag::Latest).await.unwrap();
        let call = DisputeOracle::proposeOutputCall {
            last: block_claim(last),
            proof: tree.proof_of_last(),
            parentClaim: keccak256(claim(0)),
            l2BlockNumber: U256::from(INTERVAL),
            l1BlockHash: block.hash,
            l1BlockNumber: U256::from(block.number),
        };
        let request = TransactionRequest::default()
            .with_from(seat.signer.address())
            .with_to(self.oracle)
            .with_value(U256::from(BOND))
            .with_input(call.abi_encode());
        let sent = self.client.provider().send_transaction(request).await.unwrap();
        assert!(sent.get_receipt().await.unwrap().status());
    }

    pub(crate) fn play(&self, seat: &Seat, disguise: Option<Disguise>) -> Running {
        let kzg = Kzg::start_lazily().unwrap();
        let config = TxConfig {
            l1_poll_interval: Duration::from_millis(20),
            resubmission_timeout: Duration::from_millis(300),
            ..TxConfig::for_anvil()
        };
        let (client, signer) = (self.client.clone(), seat.signer.clone());
        let (sender, handle) = TxSender::new(client, signer, kzg, seat.store.clone(), config);
        let sending = tokio::spawn(async move {
            let error = sender.run().await.unwrap_err();
            panic!("the sender ended: {error:?}");
        });
        let mover = Mover::new(self.client.clone(), self.oracle, seat.signer.address(), handle);
        let mut running = self.start(Some(mover), disguise.unwrap_or_else(honestly));
        running.tasks.push(sending);
        running
    }

    /// A player without a key.
    pub(crate) fn watch(&self) -> Running {
        self.start(None, honestly())
    }

    fn start(&self, mover: Option<Mover>, disguise: Disguise) -> Running {
        let health = Health::new();
        let watcher = L1Watcher::new(self.client.clone(), &self.config);
        let (tip, watching) = watch_tip(watcher, health.component("l1", None), || {});
        let games = watch::Sender::new(Vec::new());
        let shown = games.subscribe();
        let player = Player::new(PlayerDeps {
            disputes: Disputes::new(self.client.clone(), self.oracle),
            trees: Arc::new(Toy),
            tip,
            mover,
            collect_min: U256::ZERO,
            disguise,
            games,
            health: health.component("player", None),
        });
        let playing = tokio::spawn(async move {
            let error = player.run().await.unwrap_err();
            panic!("the player ended: {error:?}");
        });
        // In the order in which they are ended: what a player works with outlives it.
        Running { tasks: vec![playing, watching], games: shown }
    }

    /// Waits until nothing has happened for a while, and then lets L1's clock jump a bit.
    pub(crate) async fn let_time_pass(&self) {
        let mut number = self.number().await;
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.number().await;
            if now == number {
                break;
            }
            number = now;
        }
        self.client.provider().anvil_increase_time(40).await.unwrap();
        self.client.provider().anvil_mine(Some(1), None).await.unwrap();
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.client.provider().anvil_mine(Some(blocks), None).await.unwrap();
    }

    /// The last blocks go with all that was in them, and empty ones come in their places.
    pub(crate) async fn reorg(&self, depth: u64) {
        let options = ReorgOptions { depth, tx_block_pairs: Vec::new() };
        self.client.provider().anvil_reorg(options).await.unwrap();
    }

    async fn number(&self) -> u64 {
        self.client.provider().get_block_number().await.unwrap()
    }

    /// From now on L1 makes a block for each transaction, or none until it is told to; then those that wait are gone.
    pub(crate) async fn make_blocks(&self, automatically: bool) {
        let provider = self.client.provider();
        if automatically {
            provider.anvil_drop_all_transactions().await.unwrap();
        }
        provider.anvil_set_auto_mine(automatically).await.unwrap();
    }

    /// One L1 block with all that waits.
    pub(crate) async fn make_block(&self) {
        self.client.provider().anvil_mine(Some(1), None).await.unwrap();
    }

    /// Whether somebody has disputed the first interval.
    pub(crate) async fn is_disputed(&self) -> bool {
        let index = U256::from(1);
        !self.view(DisputeOracle::proposalCall { index }).await.tournament.is_zero()
    }

    /// Whether the first interval stands and is final by a dispute.
    pub(crate) async fn is_decided(&self) -> bool {
        let count = self.view(DisputeOracle::proposalCountCall {}).await;
        let index = U256::from(1);
        count > index && self.view(DisputeOracle::proposalCall { index }).await.decided
    }

    pub(crate) async fn standing(&self) -> B256 {
        self.view(DisputeOracle::proposalCall { index: U256::from(1) }).await.claim
    }

    pub(crate) async fn balance(&self, seat: &Seat) -> U256 {
        self.client.provider().get_balance(seat.signer.address()).await.unwrap()
    }

    /// What the oracle still has.
    pub(crate) async fn held(&self) -> U256 {
        self.client.provider().get_balance(self.oracle).await.unwrap()
    }

    /// What somebody can take out.
    pub(crate) async fn credit(&self, seat: &Seat) -> U256 {
        self.view(DisputeOracle::creditCall { account: seat.signer.address() }).await
    }

    /// What anvil's accounts begin with.
    pub(crate) fn rich(&self) -> U256 {
        U256::from(10_000) * U256::from(BOND)
    }

    async fn view<C: SolCall + Send>(&self, call: C) -> C::Return {
        self.client.call(self.oracle, call, BlockId::latest()).await.unwrap()
    }

    async fn create(&self, code: Vec<u8>) -> Address {
        let request = TransactionRequest::default().with_from(OWNER).with_deploy_code(code);
        let sent = self.client.provider().send_transaction(request).await.unwrap();
        sent.get_receipt().await.unwrap().contract_address.unwrap()
    }
}

impl Seat {
    /// With one of anvil's accounts.
    pub(crate) fn new(number: u32) -> Self {
        let signer = LocalSigner::from_mnemonic(MNEMONIC, number).unwrap();
        Self { signer, store: MemoryStore::default() }
    }

    /// What became of a request, if it is there.
    pub(crate) fn record(&self, key: &str) -> Option<TxRecord> {
        self.store.find(key)
    }

    /// Keys of transactions that L1 carried out and refused.
    pub(crate) fn failed(&self) -> Vec<String> {
        let records = self.store.all().into_iter();
        let failed = records.filter(|record| matches!(record.outcome, Some(Outcome::Reverted(_))));
        failed.map(|record| record.key).collect()
    }
}

impl Running {
    pub(crate) fn games(&self) -> watch::Receiver<Vec<GameSummary>> {
        self.games.clone()
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.tasks.iter().any(JoinHandle::is_finished)
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) async fn kill(mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
            // The watcher ends by itself once nobody listens.
            assert!(!task.await.is_err_and(|error| error.is_panic()));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Trees of the program that counts blocks.
#[derive(Debug, Clone, Copy)]
struct Toy;

impl Trees for Toy {
    type Error = Infallible;

    async fn build(
        &self,
        about: Pinned,
        _: Vec<Pins>,
        need: Need,
    ) -> Result<Option<Part>, Infallible> {
        let number = U256::from(about.l1_number).into();
        let accumulators = [about.batch_accumulator, about.message_accumulator];
        let [batches, messages] = accumulators;
        let pins = [batches, messages, number, about.l1_parent_hash, PARAMETERS];
        let building = tokio::task::spawn_blocking(move || {
            let mut truth = Truth::new(0, pins);
            match need {
                Need::Segments => Part::Claims(Box::new(ClaimsPart {
                    parent: truth.parent_claim(),
                    last: truth.last_claim(),
                    tree: truth.segments().unwrap(),
                })),
                Need::Strides { segment } => Part::Strides(truth.strides(segment).unwrap()),
                Need::Steps { segment, stride } => {
                    Part::Steps(truth.steps(segment, stride).unwrap())
                }
                Need::Proof { segment, stride, step } => {
                    Part::Proof(truth.proof(segment, stride, step).unwrap().unwrap())
                }
            }
        });
        Ok(Some(building.await.unwrap()))
    }
}

fn rules(machine_at: Address) -> ITournaments::Parameters {
    ITournaments::Parameters {
        heights: [u8::try_from(HEIGHT).unwrap(), 18, 18],
        bonds: [U256::from(BOND); 3],
        window: WINDOW,
        effort: 500,
        refundPriceMax: U256::from(2 * GWEI),
        stepGasMax: U256::from(2_000_000),
        machine: machine_at,
        initialState: machine().hash(),
    }
}

fn chain() -> OracleParameters {
    OracleParameters {
        batchInbox: ACCUMULATORS,
        portal: ACCUMULATORS,
        proposalInterval: INTERVAL.into(),
        l2BlockTime: 1,
        // So early and long that one interval after another may be proposed at any time.
        proposalLag: u64::from(u32::MAX),
        genesisTime: 1,
        parametersHash: PARAMETERS,
        genesis: block_claim(&claim(0)),
    }
}

fn block_claim(claim: &Claim) -> BlockClaim {
    BlockClaim::abi_decode(claim).unwrap()
}
