//! L1, Postgres and the services as operators run them: each a process of its own with a configuration file.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, U256},
    providers::{DynProvider, Provider, ProviderBuilder, ext::AnvilApi},
    rpc::types::TransactionRequest,
    signers::local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English},
};
use db::{Cluster, ClusterOptions, Database, DatabaseOptions, Durability};
use eyre::{Result, ensure, eyre};
use harness::{Process, braid_binary, eventually, init};
use l1::anvil::{Anvil, AnvilOptions, MNEMONIC, Mining};
use protocol::RollupConfig;
use serde_json::{Value, json};

use crate::support::{SOON, free_port, send};

/// What the operators' door asks for.
pub(crate) const TOKEN: &str = "only the operator knows";
/// Whom the fee vaults pay, on L1.
pub(crate) const FEE_RECIPIENT: Address = Address::repeat_byte(0xfe);
/// Longest wait for a process to start or end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An account of anvil.
pub(crate) fn account(index: u32) -> Result<PrivateKeySigner> {
    Ok(MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index)?.build()?)
}

/// L1, Postgres, a deployed chain and a configuration file for each service.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    pub(crate) l2: String,
    /// The door of a node that follows L1 alone.
    pub(crate) node: String,
    admin: String,
    pub(crate) verifier: String,
    /// Metrics of the sequencer, and of the node.
    pub(crate) metrics: [String; 2],
    pub(crate) rollup: RollupConfig,
    pub(crate) anvil: Anvil,
    pub(crate) postgres: Postgres,
}

/// A server that can go away and come back with its data, at the same place.
pub(crate) struct Postgres {
    options: ClusterOptions,
    running: Option<Cluster>,
}

impl Postgres {
    async fn start(folder: &Path) -> Result<Self> {
        let options = ClusterOptions {
            directory: Some(folder.join("postgres")),
            durability: Durability::Fast,
            ..ClusterOptions::default()
        };
        let mut postgres = Self { options, running: None };
        postgres.come_back().await?;
        Ok(postgres)
    }

    fn url(&self, database: &str) -> Result<String> {
        let running = self.running.as_ref().ok_or_else(|| eyre!("Postgres is away"))?;
        Ok(running.url(database))
    }

    pub(crate) async fn go_away(&mut self) -> Result<()> {
        let running = self.running.take().ok_or_else(|| eyre!("Postgres is away"))?;
        Ok(tokio::task::spawn_blocking(move || running.stop()).await??)
    }

    pub(crate) async fn come_back(&mut self) -> Result<()> {
        let options = self.options.clone();
        self.running = Some(tokio::task::spawn_blocking(move || Cluster::start(&options)).await??);
        Ok(())
    }
}

/// What differs between the chains of tests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Seconds in which a proposal can be disputed.
    pub(crate) dispute_window: u64,
    /// L1 blocks within which a block must be posted.
    pub(crate) sequencing_window: u64,
}

impl Site {
    pub(crate) async fn new() -> Result<Self> {
        Self::with(Rules { dispute_window: 60, sequencing_window: 40 }).await
    }

    pub(crate) async fn with(rules: Rules) -> Result<Self> {
        init();
        let folder = tempfile::tempdir()?;
        let postgres = Postgres::start(folder.path()).await?;
        let server =
            Database::connect(&postgres.url("postgres")?, &DatabaseOptions::default()).await?;
        for database in ["sequencer", "verifier", "node", "proposer"] {
            server.create_missing(database).await?;
        }
        server.close().await;
        let mining = Mining::Mixed { seconds: 1 };
        let anvil = Anvil::spawn(AnvilOptions { mining, ..AnvilOptions::default() }).await?;
        for (name, index) in [("deployer", 0), ("batcher", 1), ("proposer", 2), ("anybody", 5)] {
            fs::write(folder.path().join(name), account(index)?.to_bytes().to_string())?;
        }
        deploy(folder.path(), &anvil.url(), rules).await?;
        // From here on L1 has its own pace: with a block for each transaction it would run away from L2, which takes one
        // origin a second.
        let l1 = ProviderBuilder::new().connect_http(anvil.url().parse()?);
        l1.anvil_set_interval_mining(1).await?;
        let rollup = serde_json::from_str(&fs::read_to_string(folder.path().join("rollup.json"))?)?;
        let (l2, admin, metrics, batcher, verifier) =
            (free_port()?, free_port()?, free_port()?, free_port()?, free_port()?);
        let (follower, following, proposer) = (free_port()?, free_port()?, free_port()?);
        let site = Self {
            l2: format!("http://127.0.0.1:{l2}"),
            node: format!("http://127.0.0.1:{follower}"),
            admin: format!("http://127.0.0.1:{admin}"),
            verifier: format!("http://127.0.0.1:{verifier}"),
            metrics: [metrics, following].map(|port| format!("http://127.0.0.1:{port}/metrics")),
            rollup,
            anvil,
            postgres,
            folder,
        };
        fs::write(site.path("token"), TOKEN)?;
        let sequencer = format!(
            "[sequencer]\nl1_confirmations = 0\n[admin]\nlisten = \"127.0.0.1:{admin}\"\ntoken_file = {:?}\n",
            site.path("token")
        );
        let listen = format!("listen = \"127.0.0.1:{l2}\"\n");
        site.configure("sequencer", metrics, "sequencer", &listen, &sequencer)?;
        let key = format!("batcher_key_file = {:?}\n", site.path("batcher"));
        let batching = "[tx]\nl1_poll_interval = \"100ms\"\nconfirmations = 1\n\
                        [batcher]\nbatch_age_max = \"1s\"\ncarrier = \"calldata\"\n";
        site.configure("batcher", batcher, "sequencer", &key, batching)?;
        // For whoever has no part in the sequencer: a node, and a verifier beside it that proposes.
        let listen = format!("listen = \"127.0.0.1:{follower}\"\n");
        site.configure("node", following, "node", &listen, "")?;
        let key = format!("proposer_key_file = {:?}\n", site.path("anybody"));
        let sending = "[tx]\nl1_poll_interval = \"100ms\"\nconfirmations = 1\n";
        site.configure("proposer", proposer, "proposer", &key, sending)?;
        let (lists, key) = (&site.l2, site.path("proposer"));
        let top = format!("access_lists = {lists:?}\nproposer_key_file = {key:?}\n");
        site.configure("verifier", verifier, "verifier", &top, sending)?;
        Ok(site)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn configure(
        &self,
        name: &str,
        port: u16,
        database: &str,
        top: &str,
        rest: &str,
    ) -> Result<()> {
        let text = format!(
            "rollup_config = {:?}\ndatabase_url = {:?}\nmetrics_listen = \"127.0.0.1:{port}\"\n{top}\
             [l1]\nendpoints = [{:?}]\nblob_addressing = \"block-number\"\nl1_poll_interval = \"200ms\"\n{rest}",
            self.path("rollup.json"),
            self.postgres.url(database)?,
            self.anvil.url(),
        );
        Ok(fs::write(self.path(&format!("{name}.toml")), text)?)
    }

    /// Adds to a configuration file.
    pub(crate) fn amend(&self, name: &str, more: &str) -> Result<()> {
        let path = self.path(&format!("{name}.toml"));
        let text = fs::read_to_string(&path)?;
        Ok(fs::write(path, text + more)?)
    }

    pub(crate) fn start(&self, service: &str) -> Result<Process> {
        self.start_with(service, service)
    }

    /// Starts a service with the configuration file of that name.
    pub(crate) fn start_with(&self, service: &str, config: &str) -> Result<Process> {
        let config = self.path(&format!("{config}.toml")).display().to_string();
        let arguments = [service.to_owned(), "--config".to_owned(), config];
        Process::start(service, &braid_binary()?, &arguments)
    }

    pub(crate) fn node(&self) -> Result<DynProvider> {
        let wallet = EthereumWallet::from(account(3)?);
        Ok(ProviderBuilder::new().wallet(wallet).connect_http(self.l2.parse()?).erased())
    }

    /// Waits until the sequencer's door answers.
    pub(crate) async fn open(&self) -> Result<DynProvider> {
        let node = self.node()?;
        eventually("the door to open", PATIENCE, || async {
            Ok(node.get_block_number().await.ok())
        })
        .await?;
        Ok(node)
    }

    /// What the operators' door answers.
    pub(crate) async fn operate(&self, method: &str, params: Value) -> Result<Value> {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let request = reqwest::Client::new().post(&self.admin).bearer_auth(TOKEN).json(&call);
        let mut answer: Value = request.send().await?.json().await?;
        ensure!(answer.get("error").is_none(), "{method}: {answer}");
        Ok(answer["result"].take())
    }

    /// Nobody has anything on this chain at first: a deposit brings the first ether.
    pub(crate) async fn deposit(&self, node: &DynProvider) -> Result<()> {
        let wallet = EthereumWallet::from(account(3)?);
        let url = self.anvil.url().parse()?;
        let l1 = ProviderBuilder::new().wallet(wallet).connect_http(url).erased();
        let wei = U256::from(5_000_000_000_000_000_000_u64);
        let to = self.rollup.contracts.portal;
        send(&l1, TransactionRequest::default().with_to(to).with_value(wei)).await?;
        let owner = account(3)?.address();
        eventually("the deposit", SOON, || async {
            Ok((node.get_balance(owner).await? == wei).then_some(()))
        })
        .await
    }
}

async fn deploy(folder: &Path, l1: &str, rules: Rules) -> Result<()> {
    let Rules { dispute_window, sequencing_window } = rules;
    let arguments = format!(
        "deploy --l1-rpc {l1} --key-file {0}/deployer --batcher {1} --l2-chain-id 902 --proposal-interval 8 --fee-recipient {FEE_RECIPIENT} --fee-withdrawal-min 1 \
         --dispute-window {dispute_window} --sequencing-window {sequencing_window} --out {0}/rollup.json",
        folder.display(),
        account(1)?.address()
    );
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let mut process = Process::start("deploy", &braid_binary()?, &arguments)?;
    let status = process.wait(PATIENCE).await?;
    ensure!(status.success(), "braid deploy failed:\n{}", process.logs().text());
    Ok(())
}
