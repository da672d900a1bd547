//! Many accounts through both doors at once, and a verifier that starts from nothing and finds the same chain.

use std::collections::BTreeSet;

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::{SignerSync, local::PrivateKeySigner},
};
use eyre::{Result, ensure, eyre};
use harness::{Devnet, eventually};
use proto::v1::{
    SubmitStreamRequest, TransactionStage, transaction_service_client::TransactionServiceClient,
};
use serde_json::{Value, json};

use crate::support::{LATER, SOON, block_hash, safe, send, verifier_status};

const ACCOUNTS: u64 = 50;
const EACH: u64 = 40;

/// Accounts that nobody else uses, each from a fixed seed.
pub(crate) fn crowd() -> Result<Vec<PrivateKeySigner>> {
    let key = |index: u64| PrivateKeySigner::from_bytes(&keccak256(index.to_be_bytes()));
    (0..ACCOUNTS).map(|index| Ok(key(index)?)).collect()
}

/// Gives every account of the crowd an ether.
pub(crate) async fn fund(devnet: &Devnet, crowd: &[PrivateKeySigner]) -> Result<()> {
    let node = devnet.l2(0)?;
    let mut last = None;
    for account in crowd {
        let request = TransactionRequest::default()
            .with_to(account.address())
            .with_value(U256::from(1_000_000_000_000_000_000_u64));
        last = Some(*node.send_transaction(request).await?.tx_hash());
    }
    let last = last.ok_or_else(|| eyre!("an empty crowd"))?;
    crate::support::receipt(&node, last).await?;
    Ok(())
}

/// Transfers of one account, from a nonce on: to others of the crowd, and some that carry data.
pub(crate) fn transfers(
    from: &PrivateKeySigner,
    crowd: &[PrivateKeySigner],
    chain_id: u64,
    nonces: std::ops::Range<u64>,
) -> Result<Vec<Bytes>> {
    nonces
        .map(|nonce| {
            let to = crowd[(usize::try_from(nonce)? * 7 + 3) % crowd.len()].address();
            let data = if nonce % 5 == 4 { vec![0xab; 100] } else { Vec::new() };
            let tx = TxEip1559 {
                chain_id,
                nonce,
                gas_limit: 30_000,
                max_fee_per_gas: 10_000_000_000,
                max_priority_fee_per_gas: 1_000_000 + u128::from(nonce % 3) * 1_000,
                to: to.into(),
                value: U256::from(nonce + 1),
                input: data.into(),
                ..Default::default()
            };
            let signature = from.sign_hash_sync(&tx.signature_hash())?;
            Ok(tx.into_signed(signature).encoded_2718().into())
        })
        .collect()
}

async fn by_json_rpc(url: &str, raw: &[Bytes]) -> Result<()> {
    for batch in raw.chunks(100) {
        let calls: Vec<Value> = (0..)
            .zip(batch)
            .map(|(id, raw)| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_sendRawTransaction", "params": [raw] }))
            .collect();
        let answers: Vec<Value> =
            reqwest::Client::new().post(url).json(&calls).send().await?.json().await?;
        ensure!(answers.len() == batch.len(), "{} answers to {} calls", answers.len(), batch.len());
        for answer in answers {
            ensure!(answer["result"].is_string(), "{answer}");
        }
    }
    Ok(())
}

async fn by_grpc(url: &str, raw: Vec<Bytes>) -> Result<()> {
    let mut client = TransactionServiceClient::connect(url.to_owned()).await?;
    let count = raw.len();
    let requests: Vec<_> = raw
        .chunks(64)
        .map(|chunk| SubmitStreamRequest {
            transactions: chunk.iter().map(|raw| raw.0.clone()).collect(),
            wait_for: TransactionStage::Durable.into(),
        })
        .collect();
    let mut answers = client.submit_stream(futures::stream::iter(requests)).await?.into_inner();
    let mut accepted = 0;
    while let Some(answer) = answers.message().await? {
        ensure!(answer.rejections.is_empty(), "{:?}", answer.rejections);
        accepted += answer.accepted as usize;
    }
    ensure!(accepted == count, "{accepted} of {count} were accepted");
    Ok(())
}

#[tokio::test]
async fn two_thousand_transactions_through_both_doors() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let crowd = crowd()?;
    fund(&devnet, &crowd).await?;
    let id = devnet.info.l2.chain_id;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (index, account) in crowd.iter().enumerate() {
        let half = if index % 2 == 0 { &mut left } else { &mut right };
        half.extend(transfers(account, &crowd, id, 0..EACH)?);
    }
    let all: Vec<B256> = left.iter().chain(&right).map(keccak256).collect();
    tokio::try_join!(
        by_json_rpc(&devnet.info.l2.rpc, &left),
        by_grpc(&devnet.info.l2.grpc, right)
    )?;

    let node = devnet.l2(0)?;
    let mut last_block = 0;
    for hash in &all {
        let receipt = crate::support::receipt(&node, *hash).await?;
        ensure!(receipt.status(), "{hash} failed");
        last_block = std::cmp::max(last_block, receipt.block_number.unwrap_or_default());
    }
    for account in &crowd {
        assert_eq!(node.get_transaction_count(account.address()).await?, EACH);
    }
    // Each transaction is in exactly one block.
    let mut seen = BTreeSet::new();
    for number in 1..=last_block {
        let block = node.get_block_by_number(number.into()).await?;
        for hash in block.ok_or_else(|| eyre!("no block {number}"))?.transactions.hashes() {
            ensure!(seen.insert(hash), "{hash} is in two blocks");
        }
    }
    ensure!(all.iter().all(|hash| seen.contains(hash)), "a transaction is in no block");

    // The devnet's verifier has seen nothing but L1.
    safe(&node, last_block).await?;
    let status = eventually("the verifier to catch up", LATER, || async {
        let status = verifier_status(&devnet.info.metrics).await?;
        Ok((status["head"]["number"].as_u64() >= Some(last_block)).then_some(status))
    })
    .await?;
    let number = status["head"]["number"].as_u64().unwrap_or_default();
    let hash: B256 = serde_json::from_value(status["head"]["hash"].clone())?;
    assert_eq!(hash, block_hash(&node, number).await?);
    devnet.stop().await
}

#[tokio::test]
async fn a_burst_of_one_account_keeps_its_order() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let node = devnet.l2(0)?;
    let crowd = crowd()?;
    fund(&devnet, &crowd[..1]).await?;
    let mut raw = transfers(&crowd[0], &crowd, devnet.info.l2.chain_id, 0..30)?;
    // Backwards: every one but the last has to wait for those before it.
    raw.reverse();
    by_json_rpc(&devnet.info.l2.rpc, &raw).await?;
    eventually("all nonces to be used", SOON, || async {
        Ok((node.get_transaction_count(crowd[0].address()).await? == 30).then_some(()))
    })
    .await?;
    send(&node, crate::support::transfer(Address::repeat_byte(9), 1)).await?;
    devnet.stop().await
}
