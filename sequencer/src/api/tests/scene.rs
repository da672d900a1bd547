//! A short chain with something of everything: transfers, logs, creations, reverts, halts, inner calls, deposits.

use alloy::{
    consensus::TxEip1559,
    primitives::{Address, B256, Bytes, TxKind, U256, hex, keccak256},
};
use protocol::{DepositMessage, L1Message};
use serde_json::{Value, json};

use super::support::{
    INVALID, LOGGER, NOBODY, Node, REVERTER, key, log, quantity, sign, transaction, transfer,
};

/// Calls the address in its first word with the rest of its input and all its value, and ends well whatever came of it.
pub(super) const RELAY: &str = "602036038060205f375f5f825f345f355af100";
/// Creates what its input says, with all its value.
const FACTORY: &str = "365f5f37365f34f000";
/// The same with CREATE2 and salt 0.
const FACTORY2: &str = "365f5f375f365f34f500";
/// Gives its value back to its creator and is gone.
pub(super) const GONE: &str = "33ff";
/// The sender of everything here that is signed.
pub(super) const SENDER: u8 = 1;
/// The sender of the deposits. Another one, because a deposit takes a nonce.
pub(super) const DEPOSITOR: u8 = 15;
/// Pays for nothing: its deposit of more than it has cannot start.
pub(super) const POOR: Address = Address::repeat_byte(0x99);

/// How many deposits there are.
pub(super) const DEPOSITS: usize = 4;

/// A node and what happened on it.
pub(super) struct Scene {
    pub(super) node: Node,
    pub(super) relay: Address,
    /// Receipts of what was signed, in order.
    pub(super) receipts: Vec<Value>,
    /// The block of the deposits.
    pub(super) deposits: u64,
}

/// Initcode that leaves `runtime`.
pub(super) fn initcode(runtime: &str) -> Bytes {
    let runtime = hex::decode(runtime).unwrap();
    let [high, low] = u16::try_from(runtime.len()).unwrap().to_be_bytes();
    let head = [0x61, high, low, 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3];
    [&head[..], &runtime].concat().into()
}

pub(super) fn deposit(from: Address, to: Address, mint: u64, value: u64, gas: u64) -> L1Message {
    let mut data = Vec::new();
    data.extend_from_slice(&U256::from(mint).to_be_bytes::<32>());
    data.extend_from_slice(&U256::from(value).to_be_bytes::<32>());
    data.extend_from_slice(&gas.to_be_bytes());
    data.push(0);
    L1Message::Deposit(DepositMessage { from, to, opaque_data: data.into() })
}

/// Input of the relay.
pub(super) fn relayed(to: Address, input: &[u8]) -> Bytes {
    [to.into_word().as_slice(), input].concat().into()
}

impl Scene {
    pub(super) async fn play() -> Self {
        Box::pin(Self::play_all()).await
    }

    async fn play_all() -> Self {
        let node = Node::start().await;
        let create = |nonce, runtime| {
            let (to, value) = (TxKind::Create, U256::ZERO);
            let input = initcode(runtime);
            sign(SENDER, TxEip1559 { to, value, input, gas_limit: 200_000, ..transaction(nonce) })
        };
        let sender = key(SENDER).address();
        let [relay, factory, factory2] = [0, 1, 2].map(|nonce| sender.create(nonce));
        let call = |nonce, to: Address, value: u64, input: Bytes| {
            let (to, value) = (TxKind::Call(to), U256::from(value));
            sign(SENDER, TxEip1559 { to, value, input, gas_limit: 300_000, ..transaction(nonce) })
        };
        let topic = B256::repeat_byte(7);
        let sent = [
            create(0, RELAY),
            create(1, FACTORY),
            create(2, FACTORY2),
            transfer(SENDER, 3),
            log(SENDER, 4, topic),
            call(5, relay, 0, relayed(LOGGER, topic.as_slice())),
            call(6, relay, 0, relayed(REVERTER, &[])),
            call(7, REVERTER, 0, Bytes::new()),
            call(8, INVALID, 0, Bytes::new()),
            call(9, factory, 5, hex::decode(GONE).unwrap().into()),
            call(10, factory2, 0, initcode(RELAY)),
            call(11, relay, 9, relayed(NOBODY, &[])),
        ];
        let depositor = key(DEPOSITOR).address();
        let deposits: [_; DEPOSITS] = [
            deposit(depositor, NOBODY, 77, 70, 100_000),
            deposit(depositor, REVERTER, 5, 0, 100_000),
            deposit(POOR, NOBODY, 1, 2, 100_000),
            deposit(depositor, LOGGER, 0, 0, 100_000),
        ];
        node.messages(deposits.into());
        let mut receipts = Vec::new();
        for raw in &sent {
            node.call("eth_sendRawTransaction", json!([raw])).await;
        }
        for raw in &sent {
            receipts.push(node.receipt(&json!(keccak256(raw))).await);
        }
        let deposits = Self::deposits(&node).await;
        Self { node, relay, receipts, deposits }
    }

    /// The block that has more deposits than the one with the L1 attributes.
    async fn deposits(node: &Node) -> u64 {
        for number in 1..200 {
            node.until_block(number).await;
            let block = json!([format!("{number:#x}"), true]);
            let block = node.call("eth_getBlockByNumber", block).await;
            let transactions = block["transactions"].as_array().unwrap();
            if transactions.iter().filter(|tx| tx["type"] == "0x7e").count() > 1 {
                return number;
            }
        }
        panic!("no deposits came");
    }

    /// The last block that has anything to see.
    pub(super) fn last_block(&self) -> u64 {
        let last = self.receipts.iter().map(|receipt| quantity(&receipt["blockNumber"])).max();
        std::cmp::max(last.unwrap(), self.deposits)
    }

    /// All blocks up to it but genesis.
    pub(super) fn blocks(&self) -> Vec<Value> {
        (1..=self.last_block()).map(|number| json!(format!("{number:#x}"))).collect()
    }
}
