//! `braid bench`: workloads are played through every door, and all that was acknowledged is there.

mod outages;

use std::path::Path;

use alloy::{
    primitives::{B256, keccak256},
    providers::{Provider, ProviderBuilder},
};
use eyre::{Result, ensure, eyre};
use harness::{Devnet, braid_binary};
use l1::anvil::{Anvil, AnvilOptions, Mining};
use serde_json::Value;

/// Runs `braid bench` and gives the line of JSON that it prints.
async fn bench(arguments: &[&str]) -> Result<Value> {
    let output = tokio::process::Command::new(braid_binary()?)
        .arg("bench")
        .args(arguments)
        .arg("--json")
        .output()
        .await?;
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "braid bench {arguments:?} failed:\n{out}\n{err}");
    Ok(serde_json::from_str(out.trim())?)
}

/// Makes a workload for an endpoint.
async fn workload(folder: &Path, kind: &str, url: &str, count: u32) -> Result<String> {
    let file = folder.join(format!("{kind}.bench")).display().to_string();
    let transactions = count.to_string();
    // Each kind has senders of its own.
    let seed = kind.len().to_string();
    let arguments = ["generate", &file, "--kind", kind, "--rpc", url, "--seed", &seed];
    let sizes = ["--senders", "70", "--transactions", &transactions, "--zipf", "0.5"];
    let made = bench(&[&arguments[..], &sizes].concat()).await?;
    ensure!(made["bytes"].as_u64() > Some(u64::from(count) * 100), "{made}");
    Ok(file)
}

/// Every transaction of a workload has a receipt that says success.
async fn all_succeeded(file: &str, url: &str) -> Result<()> {
    let workload = ::bench::Workload::open(Path::new(file))?;
    let node = ProviderBuilder::new().connect_http(url.parse()?);
    for record in workload.funding().chain(workload.approvals()).chain(workload.transactions()) {
        let hash: B256 = keccak256(&record.raw);
        let receipt = node.get_transaction_receipt(hash).await?;
        let receipt = receipt.ok_or_else(|| eyre!("{hash} is not there"))?;
        ensure!(receipt.status(), "{hash} of sender {} failed", record.sender);
    }
    Ok(())
}

fn is_right(report: &Value, count: u64) -> Result<()> {
    ensure!(report["acknowledged"] == count, "not all was acknowledged: {report}");
    let check = &report["check"];
    ensure!(check["isRight"] == true && check["expected"] == count, "{report}");
    ensure!(check["receiptsFailed"] == 0 && check["receiptsMissing"] == 0, "{report}");
    ensure!(
        report["ack"]["count"] == count && report["receipt"]["count"].as_u64() > Some(0),
        "{report}"
    );
    Ok(())
}

#[tokio::test]
async fn every_kind_through_every_door_of_braid() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let folder = tempfile::tempdir()?;
    let url = devnet.info.l2.rpc.clone();
    let picture = folder.path().join("run.svg").display().to_string();
    for (kind, transport) in
        [("transfers", "grpc=64"), ("erc20", "http"), ("swaps", "ws"), ("mix", "batch=50")]
    {
        let file = workload(folder.path(), kind, &url, 300).await?;
        let load = ["--transport", transport, "--closed", "100", "--seconds", "60"];
        let run = ["run", &file, "--url", &url, "--svg", &picture];
        let report = bench(&[&run[..], &load].concat()).await?;
        is_right(&report, 300)?;
        ensure!(report["durable"]["count"].as_u64() > Some(0), "{report}");
        all_succeeded(&file, &url).await?;
        ensure!(std::fs::read_to_string(&picture)?.starts_with("<svg"));
        // What was played is not played again.
        let again = bench(&[&run[..], &load].concat()).await;
        ensure!(again.is_err_and(|error| error.to_string().contains("already")));
    }
    devnet.stop().await
}

#[tokio::test]
async fn an_open_loop_keeps_its_rate_and_goes_on_where_it_ended() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let folder = tempfile::tempdir()?;
    let url = devnet.info.l2.rpc.clone();
    let file = workload(folder.path(), "transfers", &url, 900).await?;
    let run = ["run", &file, "--url", &url, "--open", "300", "--seconds", "2"];
    let first = bench(&run).await?;
    is_right(&first, 600)?;
    ensure!(first["left"] == 300, "{first}");
    let second = bench(&run).await?;
    is_right(&second, 300)?;
    all_succeeded(&file, &url).await?;
    devnet.stop().await
}

#[tokio::test]
async fn every_kind_on_anvil() -> Result<()> {
    harness::init();
    let options =
        AnvilOptions { mining: Mining::Interval { seconds: 1 }, ..AnvilOptions::default() };
    let anvil = Anvil::spawn(options).await?;
    let folder = tempfile::tempdir()?;
    let url = anvil.url();
    for (kind, transport) in [("mix", "batch=50"), ("transfers", "ws")] {
        let file = workload(folder.path(), kind, &url, 300).await?;
        let load = ["--transport", transport, "--closed", "100", "--seconds", "60"];
        let report = bench(&[&["run", &file, "--url", &url], &load[..]].concat()).await?;
        is_right(&report, 300)?;
        ensure!(report["durable"].is_null(), "anvil says nothing of durability: {report}");
        all_succeeded(&file, &url).await?;
    }
    anvil.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_node_says_what_it_costs_and_is_compared_with_another() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let chain_id = devnet.info.l2.chain_id;
    let options = AnvilOptions {
        mining: Mining::Interval { seconds: 1 },
        chain_id,
        ..AnvilOptions::default()
    };
    let anvil = Anvil::spawn(options).await?;
    let folder = tempfile::tempdir()?;
    let (ours, theirs) = (devnet.info.l2.rpc.clone(), anvil.url());
    let file = workload(folder.path(), "transfers", &ours, 900).await?;

    let load = ["--open", "50", "--seconds", "1"];
    let comparison =
        bench(&[&["compare", &theirs, &ours, &file, "--rounds", "2"], &load[..]].concat()).await?;
    ensure!(comparison["rounds"] == 2, "{comparison}");
    let names: Vec<_> = comparison["figures"]
        .as_array()
        .ok_or_else(|| eyre!("no figures: {comparison}"))?
        .iter()
        .filter_map(|figure| figure["name"].as_str())
        .collect();
    ensure!(names.contains(&"receipt p50, ms"), "{comparison}");
    ensure!(!names.contains(&"durable p50, ms"), "anvil does not say it: {comparison}");

    let run = ["run", &file, "--url", &ours, "--open", "50", "--seconds", "8"];
    let stages = ["stages", "--metrics", &devnet.info.metrics, "--seconds", "4"];
    let (report, stages) = tokio::try_join!(bench(&run), bench(&stages))?;
    is_right(&report, 400)?;
    ensure!(stages["transactions"].as_u64() > Some(0), "{stages}");
    let recovery = &stages["stages"][1];
    ensure!(recovery["micros"].as_f64() > Some(0.0), "{recovery}");
    anvil.stop().await?;
    devnet.stop().await
}

#[tokio::test]
async fn what_does_not_fit_is_said() -> Result<()> {
    harness::init();
    let anvil = Anvil::spawn(AnvilOptions::default()).await?;
    let folder = tempfile::tempdir()?;
    let url = anvil.url();
    let file = folder.path().join("other.bench").display().to_string();
    bench(&["generate", &file, "--chain-id", "7", "--senders", "2", "--transactions", "3"]).await?;
    let error = bench(&["run", &file, "--url", &url]).await.unwrap_err().to_string();
    ensure!(error.contains("the workload is for chain 7"), "{error}");
    std::fs::write(&file, "no workload")?;
    let error = bench(&["run", &file, "--url", &url]).await.unwrap_err().to_string();
    ensure!(error.contains("not a workload of braid bench"), "{error}");
    anvil.stop().await?;
    Ok(())
}
