//! Plays a workload of `braid bench` through one door and waits until the node has done with it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use bench::{
    ChainFacts, Kind, Pace, RunOptions, Spec, Transport, Workload,
    run::{Outcome, Progress},
    workload::Key,
};
use eyre::{Result, ensure, eyre};
use harness::{Devnet, eventually};
use serde_json::Value;

use crate::report::Metrics;

/// Streams or connections that send side by side.
const CONNECTIONS: usize = 4;
/// Transactions in one message of a gRPC stream.
const GRPC_CHUNK: usize = 256;
/// Calls in one JSON-RPC batch.
const JSON_BATCH: usize = 100;
/// Messages of a stream that may be unanswered.
const WINDOW: usize = 16;
/// Senders of the transactions.
const SENDERS: u32 = 1_000;
/// Highest price of gas to sign, in wei.
const MAX_FEE: u64 = 100_000_000_000;
/// Blocks that the index is behind when it has nothing to do: the current state is kept four behind on purpose, and one is
/// being written.
const INDEX_LAG_USUAL: f64 = 5.0;
/// Longest wait for what was accepted to be in a block.
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
            Self::Grpc => "4 streams, 256 transactions per message, acknowledged when durable",
            Self::Json => "4 connections, batches of 100 eth_sendRawTransaction",
        }
    }

    const fn transport(self) -> Transport {
        match self {
            Self::Grpc => Transport::Grpc { batch: GRPC_CHUNK, is_durable: true },
            Self::Json => Transport::Http { batch: JSON_BATCH },
        }
    }

    const fn in_flight(self) -> usize {
        match self {
            Self::Grpc => CONNECTIONS * WINDOW * GRPC_CHUNK,
            Self::Json => CONNECTIONS * JSON_BATCH,
        }
    }
}

/// A workload that waits to be played.
#[derive(Debug)]
pub(crate) struct Load {
    workload: Workload,
    options: RunOptions,
    door: Door,
}

/// What came of sending.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) door: Door,
    pub(crate) outcome: Outcome,
    /// From when the last transaction was in a block until the index had it all.
    pub(crate) index_tail: Duration,
}

impl Load {
    /// Signs a workload and makes the chain ready for it.
    pub(crate) async fn prepare(
        devnet: &Devnet,
        (door, kind): (Door, Kind),
        transactions: u32,
        time: Duration,
    ) -> Result<Self> {
        let account = devnet.info.accounts.first().ok_or_else(|| eyre!("no funded account"))?;
        let nonce = devnet.l2(0)?.get_transaction_count(account.address).pending().await?;
        // Each workload of a devnet has a funder's nonce of its own, and so senders of its own.
        let spec = Spec { kind, seed: nonce, senders: SENDERS, transactions, zipf: 0.0 };
        let facts = ChainFacts {
            chain_id: devnet.info.l2.chain_id,
            max_fee: MAX_FEE,
            funder_nonce: nonce,
            nonces: Vec::new(),
        };
        let funder = Key::new(account.private_key.parse()?)?;
        let mut bytes = Vec::new();
        bench::generate(&spec, &facts, &funder, &mut bytes, |_| ())?;
        let workload = Workload::decode(bytes.into())?;
        let options = RunOptions {
            url: devnet.info.l2.rpc.clone(),
            grpc_url: Some(devnet.info.l2.grpc.clone()),
            transport: door.transport(),
            pace: Pace::Closed { in_flight: door.in_flight() },
            connections: CONNECTIONS,
            time,
            samples_per_second: 50,
            patience: PATIENCE,
        };
        bench::run::prepare(&workload, &options).await?;
        Ok(Self { workload, options, door })
    }

    /// Plays it; every acknowledged transaction is in a block then, once and in order.
    pub(crate) async fn play(self, devnet: &Devnet) -> Result<Run> {
        let progress = Arc::new(Progress::default());
        let outcome = bench::run(&self.workload, &self.options, &progress).await?;
        ensure!(outcome.settled.is_right(), "what was acknowledged is not there: {outcome:?}");
        let tail = Instant::now();
        eventually("the index to catch up", PATIENCE, || async {
            let metrics = Metrics::read(devnet).await?;
            Ok((metrics.value("braid_sequencer_index_lag_blocks") <= INDEX_LAG_USUAL).then_some(()))
        })
        .await?;
        Ok(Run { door: self.door, outcome, index_tail: tail.elapsed() })
    }
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
