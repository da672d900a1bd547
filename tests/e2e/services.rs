//! The services as operators run them: each a process of its own with a configuration file, beside an L1 and a
//! Postgres of their own. They are killed and come back, and a verifier that starts last finds the same chain.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::{
    eips::Encodable2718,
    network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder},
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    signers::local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English},
};
use db::{Cluster, ClusterOptions, Database, DatabaseOptions, Durability};
use eyre::{Result, ensure, eyre};
use harness::{Process, braid_binary, eventually, init};
use l1::anvil::{Anvil, AnvilOptions, MNEMONIC, Mining};
use protocol::RollupConfig;
use serde_json::{Value, json};

use crate::support::{LATER, SOON, block_hash, free_port, safe, send, transfer};

const TOKEN: &str = "only the operator knows";
const PATIENCE: Duration = Duration::from_secs(60);

fn account(index: u32) -> Result<PrivateKeySigner> {
    Ok(MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index)?.build()?)
}

/// L1, Postgres, a deployed chain and a configuration file for each service.
struct Site {
    folder: tempfile::TempDir,
    l2: String,
    admin: String,
    verifier: String,
    rollup: RollupConfig,
    anvil: Anvil,
    postgres: Postgres,
}

/// A server that can go away and come back with its data, at the same place.
struct Postgres {
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

    async fn go_away(&mut self) -> Result<()> {
        let running = self.running.take().ok_or_else(|| eyre!("Postgres is away"))?;
        Ok(tokio::task::spawn_blocking(move || running.stop()).await??)
    }

    async fn come_back(&mut self) -> Result<()> {
        let options = self.options.clone();
        self.running = Some(tokio::task::spawn_blocking(move || Cluster::start(&options)).await??);
        Ok(())
    }
}

impl Site {
    async fn new() -> Result<Self> {
        init();
        let folder = tempfile::tempdir()?;
        let postgres = Postgres::start(folder.path()).await?;
        let server =
            Database::connect(&postgres.url("postgres")?, &DatabaseOptions::default()).await?;
        server.create_missing("sequencer").await?;
        server.create_missing("verifier").await?;
        server.close().await;
        let mining = Mining::Mixed { seconds: 1 };
        let anvil = Anvil::spawn(AnvilOptions { mining, ..AnvilOptions::default() }).await?;
        for (name, index) in [("deployer", 0), ("batcher", 1), ("proposer", 2)] {
            fs::write(folder.path().join(name), account(index)?.to_bytes().to_string())?;
        }
        deploy(folder.path(), &anvil.url()).await?;
        let rollup = serde_json::from_str(&fs::read_to_string(folder.path().join("rollup.json"))?)?;
        let (l2, admin, metrics, batcher, verifier) =
            (free_port()?, free_port()?, free_port()?, free_port()?, free_port()?);
        let site = Self {
            l2: format!("http://127.0.0.1:{l2}"),
            admin: format!("http://127.0.0.1:{admin}"),
            verifier: format!("http://127.0.0.1:{verifier}"),
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
        let keys = format!(
            "batcher_key_file = {:?}\nproposer_key_file = {:?}\n",
            site.path("batcher"),
            site.path("proposer")
        );
        let batching = "[tx]\nl1_poll_interval = \"100ms\"\nconfirmations = 1\n\
                        [batcher]\nbatch_age_max = \"1s\"\ncarrier = \"calldata\"\n";
        site.configure("batcher", batcher, "sequencer", &keys, batching)?;
        let lists = format!("access_lists = {:?}\n", site.l2);
        site.configure("verifier", verifier, "verifier", &lists, "")?;
        Ok(site)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(
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

    fn start(&self, service: &str) -> Result<Process> {
        let config = self.path(&format!("{service}.toml")).display().to_string();
        let arguments = [service.to_owned(), "--config".to_owned(), config];
        Process::start(service, &braid_binary()?, &arguments)
    }

    fn node(&self) -> Result<DynProvider> {
        let wallet = EthereumWallet::from(account(3)?);
        Ok(ProviderBuilder::new().wallet(wallet).connect_http(self.l2.parse()?).erased())
    }

    /// Waits until the sequencer's door answers.
    async fn open(&self) -> Result<DynProvider> {
        let node = self.node()?;
        eventually("the door to open", PATIENCE, || async {
            Ok(node.get_block_number().await.ok())
        })
        .await?;
        Ok(node)
    }

    /// What the operators' door answers.
    async fn operate(&self, method: &str, params: Value) -> Result<Value> {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let request = reqwest::Client::new().post(&self.admin).bearer_auth(TOKEN).json(&call);
        let mut answer: Value = request.send().await?.json().await?;
        ensure!(answer.get("error").is_none(), "{method}: {answer}");
        Ok(answer["result"].take())
    }

    /// Nobody has anything on this chain at first: a deposit brings the first ether.
    async fn deposit(&self, node: &DynProvider) -> Result<()> {
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

async fn deploy(folder: &Path, l1: &str) -> Result<()> {
    let arguments = format!(
        "deploy --l1-rpc {l1} --key-file {0}/deployer --batcher {1} --l2-chain-id 902 --dispute-window 60 \
         --proposal-interval 8 --sequencing-window 40 --out {0}/rollup.json",
        folder.display(),
        account(1)?.address()
    );
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let mut process = Process::start("deploy", &braid_binary()?, &arguments)?;
    let status = process.wait(PATIENCE).await?;
    ensure!(status.success(), "braid deploy failed:\n{}", process.logs().text());
    Ok(())
}

#[tokio::test]
async fn services_are_killed_and_come_back_and_a_late_verifier_agrees() -> Result<()> {
    let site = Site::new().await?;
    let mut sequencer = site.start("sequencer")?;
    let mut batcher = site.start("batcher")?;
    let node = site.open().await?;
    site.deposit(&node).await?;
    let to = Address::repeat_byte(0x31);
    let first = send(&node, transfer(to, 1)).await?.block_number.unwrap_or_default();
    safe(&node, first).await?;
    let batch = eventually("the batch to be confirmed", SOON, || async {
        let block = [format!("{first:#x}")];
        let batches: Value = node.raw_request("rollup_getBatchByBlock".into(), block).await?;
        Ok((batches[0]["state"] == "confirmed").then(|| batches[0].clone()))
    })
    .await?;
    let hash: B256 = serde_json::from_value(batch["l1TransactionHash"].clone())?;
    let l1 = ProviderBuilder::new().connect_http(site.anvil.url().parse()?);
    let carrier =
        l1.get_transaction_receipt(hash).await?.ok_or_else(|| eyre!("{hash} is not on L1"))?;
    assert_eq!(carrier.from, account(1)?.address());

    // The batcher dies; the chain goes on, and what waited is posted once it is back, once.
    batcher.kill().await?;
    let second = send(&node, transfer(to, 1)).await?.block_number.unwrap_or_default();
    let mut batcher = site.start("batcher")?;
    safe(&node, second).await?;

    // The sequencer dies in the middle; the same chain goes on.
    let head = node.get_block_number().await?;
    let before = block_hash(&node, head).await?;
    sequencer.kill().await?;
    let mut sequencer = site.start("sequencer")?;
    let node = site.open().await?;
    assert_eq!(block_hash(&node, head).await?, before);
    assert_eq!(node.get_balance(to).await?, U256::from(2));
    let third = send(&node, transfer(to, 1)).await?.block_number.unwrap_or_default();
    safe(&node, third).await?;

    // A verifier that has seen none of it.
    let mut verifier = site.start("verifier")?;
    let status = eventually("the verifier to have derived it all", LATER, || async {
        let Ok(answer) = reqwest::get(format!("{}/status", site.verifier)).await else {
            return Ok(None);
        };
        let Ok(status) = answer.json::<Value>().await else { return Ok(None) };
        let there = status["head"]["number"].as_u64() >= Some(third)
            && status["agreedTo"].as_u64() >= Some(8);
        Ok(there.then_some(status))
    })
    .await?;
    let number = status["head"]["number"].as_u64().unwrap_or_default();
    let hash: B256 = serde_json::from_value(status["head"]["hash"].clone())?;
    assert_eq!(hash, block_hash(&node, number).await?);
    ensure!(status["disagreements"].as_array().is_some_and(Vec::is_empty), "{status}");
    // Lists of the past, written before the sequencer died and after.
    let metrics = reqwest::get(format!("{}/metrics", site.verifier)).await?.text().await?;
    let listed = metrics.lines().filter_map(|line| {
        line.strip_prefix("braid_verifier_listed_blocks_total ")?.parse::<u64>().ok()
    });
    ensure!(listed.sum::<u64>() >= 3, "{metrics}");
    ensure!(!metrics.contains("braid_verifier_wrong_lists_total "), "{metrics}");
    for process in [&mut batcher, &mut verifier, &mut sequencer] {
        let ended = process.terminate(PATIENCE).await?;
        ensure!(ended.success(), "{ended}:\n{}", process.logs().text());
    }
    Ok(())
}

#[tokio::test]
async fn l1_goes_away_and_comes_back() -> Result<()> {
    let site = Site::new().await?;
    let mut sequencer = site.start("sequencer")?;
    let mut batcher = site.start("batcher")?;
    let node = site.open().await?;
    site.deposit(&node).await?;
    let signal = |name: &'static str| {
        let id = site.anvil.process_id().to_string();
        tokio::process::Command::new("kill").args([name, &id]).status()
    };
    ensure!(signal("-STOP").await?.success(), "anvil is there");
    let to = Address::repeat_byte(0x32);
    let first = send(&node, transfer(to, 1)).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let last = send(&node, transfer(to, 1)).await?;
    ensure!(last.block_number > first.block_number, "the chain stood still without L1");
    ensure!(signal("-CONT").await?.success(), "anvil is there");
    safe(&node, last.block_number.unwrap_or_default()).await?;
    for process in [&mut batcher, &mut sequencer] {
        let ended = process.terminate(PATIENCE).await?;
        ensure!(ended.success(), "{ended}:\n{}", process.logs().text());
    }
    Ok(())
}

/// Sends one wei with `eth_sendRawTransactionSync`, as the second transaction of its account.
async fn send_sync(node: &DynProvider, to: Address) -> Result<Value> {
    let request = transfer(to, 1)
        .with_nonce(1)
        .with_gas_limit(21_000)
        .with_chain_id(902)
        .with_max_fee_per_gas(1_000_000_000)
        .with_max_priority_fee_per_gas(1);
    let raw = request.build(&EthereumWallet::from(account(3)?)).await?.encoded_2718();
    Ok(node.raw_request("eth_sendRawTransactionSync".into(), [Bytes::from(raw)]).await?)
}

#[tokio::test]
async fn postgres_goes_away_and_comes_back() -> Result<()> {
    let mut site = Site::new().await?;
    let mut sequencer = site.start("sequencer")?;
    let mut batcher = site.start("batcher")?;
    let node = site.open().await?;
    site.deposit(&node).await?;
    let to = Address::repeat_byte(0x33);
    let before = send(&node, transfer(to, 1)).await?;

    site.postgres.go_away().await?;
    let error = send_sync(&node, to).await.err().map(|error| error.to_string());
    ensure!(
        error.as_deref().is_some_and(|error| error.contains("cannot be read now")),
        "nothing can be durable without Postgres: {error:?}"
    );
    eventually("the node to call itself unready", SOON, || async {
        let ready = reqwest::get(format!("{}/readyz", site.l2)).await?.status();
        Ok((ready.as_u16() == 503).then_some(()))
    })
    .await?;

    site.postgres.come_back().await?;
    let node = site.open().await?;
    let after = send(&node, transfer(to, 1)).await?;
    ensure!(after.block_number > before.block_number);
    assert_eq!(
        node.get_transaction_receipt(before.transaction_hash).await?.map(|found| found.block_hash),
        Some(before.block_hash),
    );
    safe(&node, after.block_number.unwrap_or_default()).await?;
    for process in [&mut batcher, &mut sequencer] {
        let ended = process.terminate(PATIENCE).await?;
        ensure!(ended.success(), "{ended}:\n{}", process.logs().text());
    }
    Ok(())
}

#[tokio::test]
async fn operators_stop_a_sequencer_and_it_stays_stopped() -> Result<()> {
    let site = Site::new().await?;
    let mut sequencer = site.start("sequencer")?;
    let mut batcher = site.start("batcher")?;
    site.open().await?;
    site.operate("admin_stopSequencer", json!([])).await?;
    sequencer.kill().await?;
    let mut sequencer = site.start("sequencer")?;
    // What L1 brings comes all the same.
    let node = site.open().await?;
    site.deposit(&node).await?;
    let to = Address::repeat_byte(0x34);
    let refused = send(&node, transfer(to, 1)).await.err().map(|error| format!("{error:?}"));
    let told = refused.as_deref().is_some_and(|error| error.contains("stopped by its operator"));
    ensure!(told, "{refused:?}");

    site.operate("admin_setLogLevel", json!(["sequencer=debug,warn"])).await?;
    let level = site.operate("admin_logLevel", json!([])).await?;
    ensure!(level.as_str().is_some_and(|level| level.contains("sequencer=debug")), "{level}");
    site.operate("admin_saveMempool", json!([])).await?;
    let seen = || async { Ok(sequencer.logs().text().contains("mempool saved").then_some(())) };
    eventually("what is logged at level debug", SOON, seen).await?;
    site.operate("admin_startSequencer", json!([])).await?;
    // A new client: the old one has counted the nonce of what was refused.
    send(&site.node()?, transfer(to, 1)).await?;
    for process in [&mut batcher, &mut sequencer] {
        let ended = process.terminate(PATIENCE).await?;
        ensure!(ended.success(), "{ended}:\n{}", process.logs().text());
    }
    ensure!(!sequencer.logs().text().contains(TOKEN), "the token is in the log");
    Ok(())
}
