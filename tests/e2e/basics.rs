//! The main job, whole: a transfer, a batch, a proposal, a verifier that agrees, a deposit, and a clean end.

use std::time::{Duration, Instant};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use eyre::{Result, ensure};
use harness::{Devnet, eventually};

use crate::support::{LATER, SOON, heads, safe, send, transfer, verifier_status};

#[tokio::test]
async fn a_transfer_is_executed_posted_proposed_and_verified() -> Result<()> {
    let devnet = Devnet::ephemeral(&["--proposal-interval", "4"]).await?;
    let node = devnet.l2(0)?;
    let to = Address::repeat_byte(0x77);
    let receipt = send(&node, transfer(to, 1_000)).await?;
    assert_eq!(receipt.gas_used, 21_000);
    assert_eq!(node.get_balance(to).await?, U256::from(1_000));

    let block = receipt.block_number.unwrap_or_default();
    safe(&node, block).await?;
    eventually("a proposal that the verifier agrees with", LATER, || async {
        let status = verifier_status(&devnet.info.metrics).await?;
        ensure!(status["disagreements"].as_array().is_none_or(Vec::is_empty), "{status}");
        Ok(status["agreedTo"].as_u64().filter(|agreed| *agreed >= block))
    })
    .await?;
    let metrics = reqwest::get(&devnet.info.metrics).await?.text().await?;
    for name in [
        "braid_rpc_requests_total",
        "braid_batcher_batches_total",
        "braid_verifier_listed_blocks_total",
    ] {
        ensure!(metrics.contains(name), "{name} is not among the metrics");
    }
    devnet.stop().await
}

#[tokio::test]
async fn a_deposit_arrives_and_heads_follow_l1() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let (l1, node) = (devnet.l1_signer(1)?, devnet.l2(0)?);
    let account = devnet.info.accounts[1].address;
    let before = node.get_balance(account).await?;
    // A plain transfer to the Portal is a deposit to oneself.
    let wei = U256::from(5_000_000_000_u64);
    let deposit =
        TransactionRequest::default().with_to(devnet.info.contracts.portal).with_value(wei);
    send(&l1, deposit).await?;
    eventually("the deposit on L2", SOON, || async {
        Ok((node.get_balance(account).await? == before + wei).then_some(()))
    })
    .await?;
    eventually("the finalized head to move", LATER, || async {
        let (latest, safe, finalized) = heads(&node).await?;
        ensure!(finalized <= safe && safe <= latest, "{finalized} <= {safe} <= {latest}");
        Ok((finalized > 0).then_some(()))
    })
    .await?;
    devnet.stop().await
}

#[tokio::test]
async fn it_stops_quickly_and_leaves_nothing_behind() -> Result<()> {
    let mut devnet = Devnet::ephemeral(&[]).await?;
    let id = devnet.process().id().unwrap_or_default();
    let children = children_of(id)?;
    ensure!(children.len() >= 2, "anvil and Postgres are children: {children:?}");
    let environment =
        String::from_utf8_lossy(&std::fs::read(format!("/proc/{id}/environ"))?).into_owned();
    ensure!(environment.contains("MIMALLOC_PURGE_DELAY="), "free memory is kept: {environment}");
    let began = Instant::now();
    devnet.stop().await?;
    // The promise is 3 s; tests share two cores.
    ensure!(began.elapsed() < Duration::from_secs(15), "it took {:?}", began.elapsed());
    eventually("all children to be gone", SOON, || async {
        Ok(children.iter().all(|child| !alive(*child)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_killed_devnet_leaves_nothing_behind() -> Result<()> {
    let mut devnet = Devnet::ephemeral(&[]).await?;
    let children = children_of(devnet.process().id().unwrap_or_default())?;
    devnet.process().kill().await?;
    eventually("all children to be gone", SOON, || async {
        Ok(children.iter().all(|child| !alive(*child)).then_some(()))
    })
    .await
}

/// Process ids of all descendants.
fn children_of(id: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    let mut parents = vec![id];
    while let Some(parent) = parents.pop() {
        for task in std::fs::read_dir(format!("/proc/{parent}/task"))? {
            let list = task?.path().join("children");
            let text = std::fs::read_to_string(list).unwrap_or_default();
            let children: Vec<u32> =
                text.split_whitespace().filter_map(|id| id.parse().ok()).collect();
            parents.extend(&children);
            found.extend(children);
        }
    }
    Ok(found)
}

/// Whether a process runs; one that nobody has waited for yet does not.
fn alive(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}
