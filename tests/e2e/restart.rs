//! Ends and beginnings: a clean restart, and a kill in the middle of load.

use alloy::{
    primitives::{Address, B256, keccak256},
    providers::Provider,
};
use eyre::{Result, ensure};
use harness::Devnet;
use proto::v1::{
    SubmitStreamRequest, TransactionStage, transaction_service_client::TransactionServiceClient,
};

use crate::{
    load::{crowd, fund, transfers},
    support::{block_hash, receipt, safe, send, transfer},
};

#[tokio::test]
async fn a_second_start_goes_on_with_the_same_chain() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let datadir = folder.path().join("devnet");
    let datadir = datadir.display().to_string();
    let first = Devnet::start(&["--datadir", &datadir]).await?;
    let node = first.l2(0)?;
    let sent = send(&node, transfer(Address::repeat_byte(3), 5)).await?;
    let number = sent.block_number.unwrap_or_default();
    safe(&node, number).await?;
    let hash = block_hash(&node, number).await?;
    let contracts = first.info.contracts.portal;
    first.stop().await?;

    let second = Devnet::start(&["--datadir", &datadir]).await?;
    let node = second.l2(0)?;
    assert_eq!(second.info.contracts.portal, contracts);
    assert_eq!(block_hash(&node, number).await?, hash);
    assert_eq!(receipt(&node, sent.transaction_hash).await?.block_hash, Some(hash));
    let later = send(&node, transfer(Address::repeat_byte(3), 5)).await?;
    let later_number = later.block_number.unwrap_or_default();
    ensure!(later_number > number, "{later_number} after {number}");
    safe(&node, later_number).await?;
    second.stop().await
}

#[tokio::test]
async fn a_kill_in_the_middle_of_load_loses_nothing_durable() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let datadir = folder.path().join("devnet").display().to_string();
    let mut first = Devnet::start(&["--datadir", &datadir]).await?;
    let crowd = crowd()?;
    fund(&first, &crowd).await?;
    let id = first.info.l2.chain_id;
    let mut load = Vec::new();
    for account in &crowd {
        load.extend(transfers(account, &crowd, id, 0..40)?);
    }
    // Acknowledged one request after the other, until the kill comes in between.
    let mut client = TransactionServiceClient::connect(first.info.l2.grpc.clone()).await?;
    let requests: Vec<_> = load
        .chunks(50)
        .map(|chunk| SubmitStreamRequest {
            transactions: chunk.iter().map(|raw| raw.0.clone()).collect(),
            wait_for: TransactionStage::Durable.into(),
        })
        .collect();
    let mut answers = client.submit_stream(futures::stream::iter(requests)).await?.into_inner();
    let mut durable: Vec<B256> = Vec::new();
    while let Ok(Some(answer)) = answers.message().await {
        if answer.stage() == TransactionStage::Durable && answer.rejections.is_empty() {
            let from = usize::try_from(answer.request_index)? * 50;
            durable.extend(load[from..from + answer.accepted as usize].iter().map(keccak256));
        }
        if durable.len() >= 500 {
            break;
        }
    }
    ensure!(durable.len() >= 500, "only {} became durable", durable.len());
    let node = first.l2(0)?;
    let head = node.get_block_number().await?;
    let mut before = Vec::new();
    for number in 0..=head {
        before.push(block_hash(&node, number).await?);
    }
    first.process().kill().await?;

    let second = Devnet::start(&["--datadir", &datadir]).await?;
    let node = second.l2(0)?;
    for (number, hash) in (0..).zip(before) {
        assert_eq!(block_hash(&node, number).await?, hash, "block {number}");
    }
    for hash in &durable {
        ensure!(receipt(&node, *hash).await?.status(), "{hash}");
    }
    let last = send(&node, transfer(Address::repeat_byte(4), 1)).await?;
    safe(&node, last.block_number.unwrap_or_default()).await?;
    second.stop().await
}
