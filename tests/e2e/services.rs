//! The services as operators run them. They are killed and come back, and a verifier that starts last finds the same
//! chain.

use std::time::Duration;

use alloy::{
    eips::Encodable2718,
    network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder},
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
};
use eyre::{Result, ensure, eyre};
use harness::{braid_binary, eventually};
use serde_json::{Value, json};

use crate::{
    site::{PATIENCE, Site, TOKEN, account},
    support::{LATER, SOON, block_hash, safe, send, transfer},
};

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
    let asked = tokio::process::Command::new(braid_binary()?)
        .args(["verifier", "status", "--url", &site.verifier])
        .output()
        .await?;
    let said = String::from_utf8(asked.stdout)?;
    ensure!(asked.status.success() && said.contains("All proposals to block "), "{said}");
    ensure!(said.ends_with("No disputes.\n"), "{said}");
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
