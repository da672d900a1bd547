//! Rows of services with small limits, of a node that follows L1 alone, and of what the operator drops.

use std::{convert::Infallible, time::Duration};

use alloy::{
    consensus::{SignableTransaction, TxEip1559},
    eips::Encodable2718,
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, TxKind, U256},
    providers::{Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    signers::SignerSync,
};
use eyre::{Result, ensure};
use harness::eventually;
use serde_json::json;

use super::{in_all, row, unavailable};
use crate::{
    clients::Door,
    site::{PATIENCE, Site, account},
    support::{SOON, send},
};

/// A transfer of one of anvil's accounts.
fn signed(site: &Site, from: u32, nonce: u64) -> Result<Bytes> {
    let tx = TxEip1559 {
        chain_id: site.rollup.l2_chain_id,
        nonce,
        gas_limit: 30_000,
        max_fee_per_gas: 2_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to: TxKind::Call(Address::repeat_byte(7)),
        value: U256::from(1),
        ..TxEip1559::default()
    };
    let signature = account(from)?.sign_hash_sync(&tx.signature_hash())?;
    Ok(tx.into_signed(signature).encoded_2718().into())
}

fn door(site: &Site, rpc: &str, metrics: &str) -> Result<Door> {
    Ok(Door {
        rpc: rpc.to_owned(),
        ws: rpc.replace("http://", "ws://"),
        metrics: metrics.to_owned(),
        chain_id: site.rollup.l2_chain_id,
        key: account(3)?.to_bytes().to_string(),
    })
}

/// Drops what waits of a sender, again and again.
async fn keep_dropping(site: &Site, sender: Address) -> Result<Infallible> {
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        site.operate("admin_dropSender", json!([sender])).await?;
    }
}

#[tokio::test]
async fn clients_are_refused_by_services_as_by_the_devnet() -> Result<()> {
    let mut site = Site::new().await?;
    site.amend(
        "sequencer",
        "[sequencer.mempool]\ntransactions_max = 3\nsender_transactions_max = 2\n",
    )?;
    let mut sequencer = site.start("sequencer")?;
    let node = site.open().await?;
    site.deposit(&node).await?;
    let l1 = ProviderBuilder::new().wallet(alloy::network::EthereumWallet::from(account(4)?));
    let l1 = l1.connect_http(site.anvil.url().parse()?).erased();
    let ether = U256::from(1_000_000_000_000_000_000_u64);
    let portal = site.rollup.contracts.portal;
    send(&l1, TransactionRequest::default().with_to(portal).with_value(ether)).await?;
    let second = account(4)?.address();
    eventually("the second deposit", SOON, || async {
        Ok((node.get_balance(second).await? == ether).then_some(()))
    })
    .await?;
    let [metrics, following] = site.metrics.clone();
    let leading = door(&site, &site.l2, &metrics)?;

    // What waits behind a gap is dropped while its sender waits for it.
    let dropped = signed(&site, 4, 3)?;
    let send_it = |raw: &Bytes| json!([raw]);
    let name = "eth_sendRawTransaction";
    let text = "transaction was removed by the operator";
    let removed =
        [row("removed", "eth_sendRawTransactionSync", json!([dropped, 20_000]), -32_000, text)];
    tokio::select! {
        done = in_all(&leading, &removed, &[]) => done?,
        failed = keep_dropping(&site, second) => drop(failed?),
    }

    for nonce in [5, 6] {
        node.send_raw_transaction(&signed(&site, 3, nonce)?).await?.tx_hash();
    }
    let sender = "txpool is full: sender has 2 transactions waiting";
    let of_sender = row("full of one", name, send_it(&signed(&site, 3, 7)?), -32_000, sender);
    node.send_raw_transaction(&signed(&site, 4, 5)?).await?.tx_hash();
    let full = row("full", name, send_it(&signed(&site, 4, 6)?), -32_000, "txpool is full");
    in_all(&leading, &[of_sender, full], &[]).await?;

    let mut follower = site.start("node")?;
    let its_node = ProviderBuilder::new().connect_http(site.node.parse()?);
    eventually("the node to answer", PATIENCE, || async {
        Ok(its_node.get_block_number().await.ok())
    })
    .await?;
    let text = "this node takes no transactions: it follows L1 alone";
    let follows = row("node", name, send_it(&signed(&site, 3, 0)?), -32_000, text);
    in_all(&door(&site, &site.node, &following)?, &[follows], &[]).await?;

    let name = "eth_getTransactionByHash";
    let text = "the chain cannot be read now";
    let away = unavailable("no database", name, json!([B256::repeat_byte(1)]), text);
    site.postgres.go_away().await?;
    in_all(&leading, &[away], &[]).await?;
    site.postgres.come_back().await?;
    site.open().await?;
    for process in [&mut follower, &mut sequencer] {
        let ended = process.terminate(PATIENCE).await?;
        ensure!(ended.success(), "{ended}:\n{}", process.logs().text());
    }
    Ok(())
}
