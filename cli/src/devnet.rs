//! `braid devnet`: a whole network on one machine, from nothing, and gone again without a trace if so wished.
//!
//! ```text
//! Postgres ┐
//! anvil    ├─ side by side ─▶ chain (loaded, or made: genesis, contracts) ─▶ sequencer ─▶ batcher, verifier ─▶ ready
//! KZG      ┘
//! ```
//! The end, in this order: doors → sequencer → batcher, verifier → anvil (writes its state) → Postgres. Not here:
//! what a chain is made of (`chain.rs`) and how services are started (`services.rs`).

mod accounts;
mod drill;
mod info;
mod layout;

use std::{collections::BTreeMap, fs, net::SocketAddr, sync::Arc, time::Duration};

use alloy::{
    network::EthereumWallet,
    primitives::{B256, U256},
    providers::{ProviderBuilder, ext::AnvilApi},
};
use batcher::BatcherConfig;
use bindings::{FeeVaultParams, WithdrawalNetwork};
use db::{Cluster, ClusterOptions, Durability};
use eyre::{Result, WrapErr, eyre};
use l1::{
    Kzg, L1Config, LocalSigner,
    anvil::{Anvil, AnvilOptions, Mining},
    tx::TxConfig,
};
use protocol::RollupConfig;
use sequencer::{SequencerConfig, api::AdminSettings};
use service::{LogFilter, SystemClock};
use verifier::VerifierConfig;

use self::{
    accounts::Operators,
    info::{AccountInfo, ContractsInfo, DevnetInfo, L1Info, L2Info},
    layout::Layout,
};
use crate::{
    args::DevnetArgs,
    chain::{self, BridgeOnL1, ChainParams, L1_BLOCK_TIME},
    run::{Process, connect_l1},
    services::{self, VerifierPages},
    settings,
};

/// Chain id of the devnet's L1.
const L1_CHAIN_ID: u64 = 900;
/// Chain id of the devnet's L2.
const L2_CHAIN_ID: u64 = 901;
/// Balance of every account on L2, in ether.
const L2_ETHER: u64 = 10_000;
/// Balance of the operators on L1, in ether.
const OPERATOR_ETHER: u64 = 10_000;
/// Seconds that both sides gain when they meet in a dispute, unless the window is short.
const EFFORT: u64 = 20;
/// Seconds that a block with user transactions may lie after its L1 origin.
const SEQUENCER_DRIFT_MAX: u64 = 600;
/// For how long withdrawals can be held up, in seconds.
const PAUSE: u64 = 60;
/// The least that a fee vault pays out, in wei.
const FEE_WITHDRAWAL_MIN: u64 = 1_000_000_000_000_000_000;
/// The sequencer's database.
const SEQUENCER_DATABASE: &str = "sequencer";
/// The verifier's own database.
const VERIFIER_DATABASE: &str = "verifier";
/// Longest wait for queries at the end.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(2);
/// How often the start looks whether the first block is there.
const READY_POLL: Duration = Duration::from_millis(10);

pub(crate) async fn run(args: DevnetArgs, logs: LogFilter) -> Result<()> {
    if let Some(told) = args.drill.clone() {
        return Box::pin(drill::run(&told, args, logs)).await;
    }
    let layout = Layout::new(&args)?;
    let pages = VerifierPages::default();
    let process = Process::start(local(args.metrics_port), pages.router()).await?;
    if process.unless_told(layout.wait_for_predecessor()).await?.is_none() {
        return Ok(());
    }
    let ground = Ground::start(&args, &layout).await?;
    let databases = Box::pin(Databases::open(&ground, &process)).await?;
    let start = start(&args, &layout, &ground, &databases, &process, &pages, logs);
    if let Some(info) = Box::pin(process.unless_told(start)).await? {
        announce(&args, &layout, &info)?;
    }
    let ended = process.until_told().await;
    databases.close().await;
    ground.stop().await?;
    ended
}

/// What everything else stands on.
#[derive(Debug)]
struct Ground {
    postgres: Cluster,
    anvil: Anvil,
    kzg: Kzg,
}

impl Ground {
    async fn start(args: &DevnetArgs, layout: &Layout) -> Result<Self> {
        // Loading the set-up takes seconds of a core, and calldata batches never need it.
        let kzg = Kzg::start_lazily()?;
        let options = ClusterOptions {
            directory: layout.postgres(),
            durability: if args.ephemeral { Durability::Fast } else { Durability::Durable },
            ..ClusterOptions::default()
        };
        let postgres = tokio::task::spawn_blocking(move || Cluster::start(&options));
        let anvil = Anvil::spawn(AnvilOptions {
            chain_id: L1_CHAIN_ID,
            port: args.l1_port,
            // Until the contracts are there.
            mining: Mining::Automine,
            state: layout.l1_state(),
            ..AnvilOptions::default()
        });
        let (postgres, anvil) = tokio::join!(postgres, anvil);
        let postgres =
            postgres.wrap_err("Postgres was interrupted")?.wrap_err("cannot start Postgres")?;
        let anvil = anvil.wrap_err("cannot start anvil as L1")?;
        layout.remember(&[(anvil.process_id(), "anvil"), (postgres.process_id(), "postgres")])?;
        tracing::info!(l1 = anvil.url(), "Postgres and L1 run");
        Ok(Self { postgres, anvil, kzg })
    }

    async fn stop(self) -> Result<()> {
        let postgres = tokio::task::spawn_blocking(move || self.postgres.stop());
        let (anvil, postgres) = tokio::join!(self.anvil.stop(), postgres);
        anvil.wrap_err("anvil did not stop well")?;
        postgres.wrap_err("Postgres was interrupted")?.wrap_err("Postgres did not stop well")?;
        tracing::info!("everything is stopped");
        Ok(())
    }
}

async fn start(
    args: &DevnetArgs,
    layout: &Layout,
    ground: &Ground,
    databases: &Databases,
    process: &Process,
    pages: &VerifierPages,
    logs: LogFilter,
) -> Result<DevnetInfo> {
    let operators = accounts::operators()?;
    let rollup = Arc::new(Box::pin(chain_of(args, layout, ground, &operators)).await?);
    let config = L1Config::for_anvil(&ground.anvil.url());
    let connect = || connect_l1(&config, &rollup, &ground.kzg);

    let sequencer = services::SequencerParts {
        rollup: rollup.clone(),
        database: databases.sequencer.clone(),
        clock: Arc::new(SystemClock),
        health: process.health.clone(),
        listen: local(args.l2_port),
        admin: args.admin_port.map(operators_door),
        logs,
        config: sequencer_config(args),
    };
    let sequencer =
        services::start_sequencer(sequencer, connect().await?, &process.shutdown).await?;
    let batcher = services::BatcherParts {
        rollup: rollup.clone(),
        database: databases.sequencer.clone(),
        kzg: ground.kzg.clone(),
        health: process.health.clone(),
        batcher: signer(&operators.batcher)?,
        tx: TxConfig::for_anvil(),
        config: batcher_config(args)?,
    };
    services::start_batcher(batcher, &connect().await?, &process.shutdown);
    // Otherwise the drill starts it.
    if !args.drill_restart {
        let verifier = services::VerifierParts {
            rollup: rollup.clone(),
            database: databases.verifier.clone(),
            access_lists: access_lists(args, sequencer.address),
            kzg: ground.kzg.clone(),
            proposer: proposes(args).then(|| signer(&operators.proposer)).transpose()?,
            challenger: Some(signer(&operators.challenger)?),
            tx: TxConfig::for_anvil(),
            health: process.health.clone(),
            config: VerifierConfig::default(),
        };
        services::start_verifier(verifier, connect().await?, pages, &process.shutdown).await?;
    }

    while sequencer.view.heads().unsafe_head().number == 0 {
        tokio::time::sleep(READY_POLL).await;
    }
    let l2 = sequencer.address;
    let BridgeOnL1 { messenger, bridge } = chain::bridge_on_l1(&rollup);
    Ok(DevnetInfo {
        l1: L1Info { rpc: ground.anvil.url(), chain_id: L1_CHAIN_ID },
        l2: L2Info {
            rpc: format!("http://{l2}"),
            ws: format!("ws://{l2}"),
            grpc: format!("http://{l2}"),
            chain_id: rollup.l2_chain_id,
        },
        admin: sequencer.admin.map(|admin| format!("http://{admin}")),
        metrics: format!("http://{}/metrics", process.address),
        postgres: ground.postgres.url(SEQUENCER_DATABASE),
        contracts: ContractsInfo {
            system_config: rollup.contracts.system_config,
            batch_inbox: rollup.contracts.batch_inbox,
            portal: rollup.contracts.portal,
            output_oracle: rollup.contracts.output_oracle,
            messenger,
            bridge,
            multicall3: bindings::multicall3::ADDRESS,
        },
        accounts: account_infos()?,
        rollup_config: layout.rollup(),
    })
}

/// Where the verifier finds access lists, if they are written.
fn access_lists(args: &DevnetArgs, sequencer: SocketAddr) -> Option<String> {
    args.check_rate.is_none().then(|| format!("http://{sequencer}"))
}

/// Whether the verifier does: in a drill the liar is to be first.
const fn proposes(args: &DevnetArgs) -> bool {
    args.drill.is_none() || args.drill_challenge
}

/// The chain of the data directory, or a new one. From then on, L1 has its own pace: blocks per transaction would come
/// faster than L2 can take them as origins, and the sequencing window would pass.
async fn chain_of(
    args: &DevnetArgs,
    layout: &Layout,
    ground: &Ground,
    operators: &Operators,
) -> Result<RollupConfig> {
    let chain = find_or_create(args, layout, ground, operators).await?;
    let url = ground.anvil.url().parse().wrap_err("anvil's address")?;
    let l1 = ProviderBuilder::new().connect_http(url);
    let paced = l1.anvil_set_interval_mining(args.l1_block_time).await;
    paced.wrap_err("cannot set the pace of L1")?;
    Ok(chain)
}

async fn find_or_create(
    args: &DevnetArgs,
    layout: &Layout,
    ground: &Ground,
    operators: &Operators,
) -> Result<RollupConfig> {
    if layout.rollup().exists() {
        return settings::rollup(&layout.rollup());
    }
    let wallet = EthereumWallet::from(operators.deployer.clone());
    let url = ground.anvil.url().parse().wrap_err("anvil's address")?;
    let l1 = ProviderBuilder::new().wallet(wallet).connect_http(url);
    let Operators { deployer, batcher, proposer, challenger } = operators;
    for operator in [deployer, batcher, proposer, challenger] {
        l1.anvil_set_balance(operator.address(), ether(OPERATOR_ETHER))
            .await
            .wrap_err("cannot fund the operators")?;
    }
    let config = chain::create(&l1, &chain_params(args, operators)?).await?;
    let json = serde_json::to_string_pretty(&config).wrap_err("cannot encode rollup.json")?;
    fs::write(layout.rollup(), json).wrap_err("cannot write rollup.json")?;
    tracing::info!(portal = %config.contracts.portal, "the contracts are on L1");
    Ok(config)
}

fn chain_params(args: &DevnetArgs, operators: &Operators) -> Result<ChainParams> {
    let users = accounts::users()?.into_iter().map(|user| (user.address(), ether(L2_ETHER)));
    let funded: BTreeMap<_, _> = users.collect();
    Ok(ChainParams {
        l2_chain_id: L2_CHAIN_ID,
        block_time: std::cmp::min(args.block_time, args.l1_block_time),
        l1_block_time: std::cmp::max(args.l1_block_time, L1_BLOCK_TIME),
        gas_limit: args.gas_limit,
        sequencing_window: args.sequencing_window,
        sequencer_drift_max: SEQUENCER_DRIFT_MAX,
        proposal_interval: args.proposal_interval,
        dispute_window: args.dispute_window,
        effort: chain::effort(args.dispute_effort, EFFORT, args.dispute_window),
        bonds: args.bonds,
        deployer: operators.deployer.address(),
        batcher: operators.batcher.address(),
        guardian: operators.deployer.address(),
        pause: PAUSE,
        fees: FeeVaultParams {
            recipient: operators.deployer.address(),
            network: WithdrawalNetwork::L2,
            withdrawal_min: U256::from(FEE_WITHDRAWAL_MIN),
        },
        funded,
    })
}

/// The two databases, which must be closed before their server stops.
#[derive(Debug)]
struct Databases {
    sequencer: db::Database,
    verifier: db::Database,
}

impl Databases {
    async fn open(ground: &Ground, process: &Process) -> Result<Self> {
        let server = process.database(&ground.postgres.url("postgres")).await?;
        for name in [SEQUENCER_DATABASE, VERIFIER_DATABASE] {
            server.create_missing(name).await.wrap_err("cannot create a database")?;
        }
        server.close().await;
        let sequencer = ground.postgres.url(SEQUENCER_DATABASE);
        let verifier = ground.postgres.url(VERIFIER_DATABASE);
        let (sequencer, verifier) =
            tokio::try_join!(process.database(&sequencer), process.database(&verifier))?;
        Ok(Self { sequencer, verifier })
    }

    /// Waits for what ended tasks have left under way, but not for long.
    async fn close(self) {
        let closing = async { tokio::join!(self.sequencer.close(), self.verifier.close()) };
        if tokio::time::timeout(CLOSE_TIME_MAX, closing).await.is_err() {
            tracing::info!("a query was still under way at the end");
        }
    }
}

fn sequencer_config(args: &DevnetArgs) -> SequencerConfig {
    let mut config = SequencerConfig { l1_confirmations: 0, ..SequencerConfig::default() };
    config.builder.sub_block_interval = args.sub_block_time;
    // Its doors are open to this machine only, and a developer's load test is no attack.
    config.quotas.loopback_exempt = !args.quotas;
    config.builder.check_rate_max = args.check_rate;
    config.builder.access_lists = args.check_rate.is_none();
    config
}

/// To this machine only, like all doors of a devnet.
const fn operators_door(port: u16) -> AdminSettings {
    AdminSettings { listen: local(port), token: None, allow_remote: false }
}

fn batcher_config(args: &DevnetArgs) -> Result<BatcherConfig> {
    let carrier = serde_json::from_value(args.carrier.clone().into())
        .map_err(|_| eyre!("--carrier: {:?} is not auto, calldata or blobs", args.carrier))?;
    Ok(BatcherConfig { carrier, ..BatcherConfig::for_devnet() })
}

fn signer(account: &alloy::signers::local::PrivateKeySigner) -> Result<LocalSigner> {
    Ok(LocalSigner::from_hex(&account.to_bytes().to_string())?)
}

/// The key of a devnet's first account, which is publicly known.
pub(crate) fn first_user_key() -> Result<B256> {
    Ok(accounts::account(0)?.to_bytes())
}

fn account_infos() -> Result<Vec<AccountInfo>> {
    let info = |account: alloy::signers::local::PrivateKeySigner| AccountInfo {
        address: account.address(),
        private_key: account.to_bytes(),
        l2_balance: ether(L2_ETHER),
    };
    Ok(accounts::users()?.into_iter().map(info).collect())
}

/// Tells the user, once.
#[expect(clippy::print_stdout, reason = "what the command is for; logs go to stderr")]
fn announce(args: &DevnetArgs, layout: &Layout, info: &DevnetInfo) -> Result<()> {
    let json = serde_json::to_string(info).wrap_err("cannot encode the description")?;
    fs::write(layout.info(), &json).wrap_err("cannot write devnet.json")?;
    if args.json {
        println!("{json}");
    } else {
        println!("{info}");
    }
    Ok(())
}

const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port)
}

fn ether(amount: u64) -> U256 {
    U256::from(amount) * U256::from(1_000_000_000_000_000_000_u64)
}
