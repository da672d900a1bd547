//! Sends transfers through one door and counts what became durable.

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use eyre::{Result, ensure, eyre};
use harness::{Devnet, eventually};
use proto::v1::{
    SubmitStreamRequest, TransactionStage, transaction_service_client::TransactionServiceClient,
};
use serde_json::{Value, json};

use crate::report::Metrics;

/// Streams or connections that send side by side.
const CONNECTIONS: usize = 4;
/// Transfers in one request of a gRPC stream.
const GRPC_CHUNK: usize = 256;
/// Calls in one JSON-RPC batch.
const JSON_BATCH: usize = 100;
/// Requests of a stream that may be unanswered.
const WINDOW: usize = 16;
/// Blocks that the index is behind when it has nothing to do: the current state is kept four behind on purpose, and one is
/// being written.
const INDEX_LAG_USUAL: f64 = 5.0;
/// Longest wait for what was accepted to become durable.
const PATIENCE: Duration = Duration::from_secs(120);

/// A way in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Door {
    /// Streams of many transactions per message.
    Grpc,
    /// `eth_sendRawTransaction` in batches.
    Json,
}

impl Door {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "4 streams, 256 transfers per message, acknowledged when durable",
            Self::Json => "4 connections, batches of 100 eth_sendRawTransaction",
        }
    }
}

/// What came of sending.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) door: Door,
    /// Transfers whose sub-block is in the journal.
    pub(crate) durable: u64,
    pub(crate) refused: u64,
    /// From the first request until the last accepted transfer was durable.
    pub(crate) elapsed: Duration,
    /// From then until the index had it all.
    pub(crate) index_tail: Duration,
}

pub(crate) async fn run(
    devnet: &Devnet,
    door: Door,
    raw: Vec<Bytes>,
    time: Duration,
) -> Result<Run> {
    let durable_before = durable(devnet).await?;
    let share = raw.len().div_ceil(CONNECTIONS);
    // Accounts are interleaved, so each connection gets every fourth transfer of an account: nonces with gaps, which
    // the mempool has to put in order.
    let began = Instant::now();
    let deadline = began + time;
    let mut tasks = tokio::task::JoinSet::new();
    let parts: Vec<Vec<Bytes>> = split(raw, CONNECTIONS, share);
    for part in parts {
        let (grpc, rpc) = (devnet.info.l2.grpc.clone(), devnet.info.l2.rpc.clone());
        tasks.spawn(async move {
            match door {
                Door::Grpc => by_grpc(grpc, part, deadline).await,
                Door::Json => by_json(rpc, part, deadline).await,
            }
        });
    }
    let (mut accepted, mut refused) = (0, 0);
    while let Some(done) = tasks.join_next().await {
        let (yes, no) = done??;
        accepted += yes;
        refused += no;
    }
    eventually("all accepted transfers to be durable", PATIENCE, || async {
        Ok((durable(devnet).await? - durable_before >= accepted).then_some(()))
    })
    .await?;
    let elapsed = began.elapsed();
    let tail = Instant::now();
    eventually("the index to catch up", PATIENCE, || async {
        let metrics = Metrics::read(devnet).await?;
        Ok((metrics.value("braid_sequencer_index_lag_blocks") <= INDEX_LAG_USUAL).then_some(()))
    })
    .await?;
    Ok(Run { door, durable: accepted, refused, elapsed, index_tail: tail.elapsed() })
}

/// Accounts stay together: the transfers of one account all go through one connection.
fn split(raw: Vec<Bytes>, parts: usize, share: usize) -> Vec<Vec<Bytes>> {
    let mut split: Vec<Vec<Bytes>> = (0..parts).map(|_| Vec::with_capacity(share)).collect();
    for (index, raw) in raw.into_iter().enumerate() {
        // The number of accounts is a multiple of the number of connections.
        split[index % parts].push(raw);
    }
    split
}

async fn durable(devnet: &Devnet) -> Result<u64> {
    let metrics = Metrics::read(devnet).await?;
    Ok(metrics.count("braid_sequencer_journal_transactions_total"))
}

async fn by_grpc(url: String, raw: Vec<Bytes>, deadline: Instant) -> Result<(u64, u64)> {
    let mut client = TransactionServiceClient::connect(url)
        .await?
        .max_encoding_message_size(16 << 20)
        .max_decoding_message_size(16 << 20);
    let (requests, queue) = tokio::sync::mpsc::channel(1);
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(WINDOW));
    let sending = {
        let permits = permits.clone();
        tokio::spawn(async move {
            for chunk in raw.chunks(GRPC_CHUNK) {
                if Instant::now() >= deadline {
                    break;
                }
                let Ok(permit) = permits.acquire().await else { break };
                permit.forget();
                let request = SubmitStreamRequest {
                    transactions: chunk.iter().map(|raw| raw.0.clone()).collect(),
                    wait_for: TransactionStage::Durable.into(),
                };
                if requests.send(request).await.is_err() {
                    break;
                }
            }
        })
    };
    let queue = futures::stream::unfold(queue, |mut queue| async move {
        queue.recv().await.map(|request| (request, queue))
    });
    let mut answers = client.submit_stream(queue).await?.into_inner();
    let (mut accepted, mut refused) = (0, 0);
    while let Some(answer) = answers.message().await? {
        permits.add_permits(1);
        accepted += u64::from(answer.accepted);
        refused += answer.rejections.len() as u64;
    }
    sending.await?;
    Ok((accepted, refused))
}

async fn by_json(url: String, raw: Vec<Bytes>, deadline: Instant) -> Result<(u64, u64)> {
    let client = reqwest::Client::new();
    let (mut accepted, mut refused) = (0, 0);
    for batch in raw.chunks(JSON_BATCH) {
        if Instant::now() >= deadline {
            break;
        }
        let calls: Vec<Value> = (0..)
            .zip(batch)
            .map(|(id, raw)| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_sendRawTransaction", "params": [raw] }))
            .collect();
        let answers: Vec<Value> = client.post(&url).json(&calls).send().await?.json().await?;
        ensure!(answers.len() == batch.len(), "{} answers to {}", answers.len(), batch.len());
        let good = answers.iter().filter(|answer| answer["result"].is_string()).count() as u64;
        accepted += good;
        refused += answers.len() as u64 - good;
    }
    Ok((accepted, refused))
}

/// Sends one transfer with `eth_sendRawTransactionSync`; how long it took to be durable.
pub(crate) async fn first_receipt(devnet: &Devnet) -> Result<Duration> {
    use alloy::{
        eips::Encodable2718,
        network::{EthereumWallet, NetworkTransactionBuilder, NetworkWallet, TransactionBuilder},
    };
    let node = devnet.l2(0)?;
    let wallet = EthereumWallet::from(devnet.info.accounts[0].signer()?);
    let request = TransactionRequest::default()
        .with_to(Address::repeat_byte(1))
        .with_value(U256::from(1))
        .with_nonce(0)
        .with_chain_id(devnet.info.l2.chain_id)
        .with_gas_limit(21_000)
        .with_max_fee_per_gas(1_000_000_000)
        .with_max_priority_fee_per_gas(1_000_000);
    let tx = request.build_unsigned().map_err(|error| eyre!("{:?}", error.error))?;
    let signed =
        <EthereumWallet as NetworkWallet<alloy::network::Ethereum>>::sign_transaction(&wallet, tx)
            .await?;
    let raw = Bytes::from(signed.encoded_2718());
    let began = Instant::now();
    let receipt: Value = node.raw_request("eth_sendRawTransactionSync".into(), [raw]).await?;
    ensure!(receipt["status"] == "0x1", "{receipt}");
    Ok(began.elapsed())
}
