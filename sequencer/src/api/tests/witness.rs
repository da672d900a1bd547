//! `debug_executionWitness`: who has the witness and nothing else finds the same blocks.

use std::collections::BTreeMap;

use alloy::{
    consensus::TxEip1559,
    primitives::{B256, TxKind, U256},
    rlp::Decodable,
    rpc::types::debug::ExecutionWitness,
};
use executor::{BlockContext, ChainSpec, RecoveredTransaction, SerialExecutor};
use protocol::{Header, predeploys::L2_TO_L1_MESSAGE_PASSER};
use serde_json::json;
use state::PartialState;

use super::{
    scene::{Scene, initcode},
    support::{Node, key, quantity, sign, transaction},
};
use crate::chain::ChainBlock;

/// Asks for an older block's hash, and writes its first word to as many slots as its second word says.
const SLOTS: &str = "6005430340506020355b5f358155600190038060095700";

/// Writes slots and clears all but one of them; the blocks of both.
async fn clear_slots(node: &Node) -> [u64; 2] {
    let from = 2;
    let create = TxEip1559 {
        to: TxKind::Create,
        value: U256::ZERO,
        input: initcode(SLOTS),
        gas_limit: 1_000_000,
        ..transaction(0)
    };
    node.send(&sign(from, create.clone())).await;
    let mut blocks = [0; 2];
    for (nonce, (value, slots)) in (1..).zip([(1_u64, 16_u64), (0, 15)]) {
        let words = [value, slots].map(|word| U256::from(word).to_be_bytes::<32>());
        let (to, input) = (TxKind::Call(key(from).address().create(0)), words.concat().into());
        let call = TxEip1559 { to, input, nonce, ..create.clone() };
        let receipt = node.send(&sign(from, call)).await;
        assert_eq!(receipt["status"], "0x1");
        blocks[usize::try_from(nonce).unwrap() - 1] = quantity(&receipt["blockNumber"]);
    }
    blocks
}

/// What the headers of a witness say: the parent's state root, and the hashes of the blocks.
fn headers(witness: &ExecutionWitness) -> (Header, BTreeMap<u64, B256>) {
    let decoded: Vec<Header> =
        witness.headers.iter().map(|header| Header::decode(&mut &header[..]).unwrap()).collect();
    for pair in decoded.windows(2) {
        assert_eq!(pair[0].hash_slow(), pair[1].parent_hash);
    }
    let hashes = decoded.iter().map(|header| (header.number, header.hash_slow())).collect();
    (decoded.last().unwrap().clone(), hashes)
}

/// Executes a block with nothing but its witness.
fn execute(node: &Node, block: &ChainBlock, witness: ExecutionWitness) {
    let (parent, hashes) = headers(&witness);
    assert_eq!(parent.hash_slow(), block.header.parent_hash);
    let state = PartialState::new(parent.state_root, witness.state, witness.codes, hashes);
    let spec = ChainSpec::from(&**node.handle.view.rollup());
    let context = BlockContext::new(&spec, &parent, &block.opening);
    let mut serial = SerialExecutor::new(context, &state).unwrap();
    for included in &block.transactions {
        let tx = included.transaction.clone();
        let outcome = serial.execute(&RecoveredTransaction::from_parts(tx, included.sender));
        assert_eq!(outcome.unwrap().receipt, included.outcome.receipt);
    }
    let diff = serial.finish().diff;
    assert_eq!(state.root_after(&diff), Ok(block.header.state_root), "block {}", block.number());
    if !diff.accounts.contains_key(&L2_TO_L1_MESSAGE_PASSER) {
        let root = state.storage_root(&L2_TO_L1_MESSAGE_PASSER).unwrap();
        assert_eq!(Some(root), block.header.withdrawals_root);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_block_is_executed_again_from_its_witness() {
    let scene = Scene::play().await;
    let node = &scene.node;
    let blocks = clear_slots(node).await;
    for number in (1..=scene.last_block()).chain(blocks) {
        let block = node.handle.view.require(number).await.unwrap();
        let by = if number % 2 == 0 { json!(format!("{number:#x}")) } else { json!(block.hash) };
        let witness = node.call("debug_executionWitness", json!([by])).await;
        execute(node, &block, serde_json::from_value(witness).unwrap());
    }
    let (code, message, _) = node.fail("debug_executionWitness", json!(["0x0"])).await;
    assert_eq!((code, message.as_str()), (-32_000, "genesis is not traceable"));
    let (_, message, _) = node.fail("debug_executionWitness", json!(["0xffff"])).await;
    assert_eq!(message, "header not found: 0xffff");
}
