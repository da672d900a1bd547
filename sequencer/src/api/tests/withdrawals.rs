//! Withdrawals that are older than the proofs of other accounts.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    rpc::types::EIP1186AccountProofResponse,
    sol_types::SolCall,
    trie::{Nibbles, TrieAccount, proof::verify_proof},
};
use bindings::L2ToL1MessagePasser;
use protocol::{DepositMessage, L1Message, Withdrawal, predeploys::L2_TO_L1_MESSAGE_PASSER};
use serde_json::{Value, json};

use super::support::{Node, key};
use crate::chain::OUTLOOK_BLOCKS_MAX;

/// Blocks between proposals on the chain of these tests.
const INTERVAL: u64 = 32;

/// A withdrawal that L1 forces.
fn initiate(number: u64) -> L1Message {
    let call = L2ToL1MessagePasser::initiateWithdrawalCall {
        target: Address::repeat_byte(0x99),
        gasLimit: U256::from(100_000),
        data: number.to_be_bytes().into(),
    };
    let mut data = Vec::new();
    data.extend_from_slice(&U256::ZERO.to_be_bytes::<32>());
    data.extend_from_slice(&U256::ZERO.to_be_bytes::<32>());
    data.extend_from_slice(&300_000_u64.to_be_bytes());
    data.push(0);
    data.extend_from_slice(&call.abi_encode());
    let (from, to) = (key(1).address(), L2_TO_L1_MESSAGE_PASSER);
    L1Message::Deposit(DepositMessage { from, to, opaque_data: data.into() })
}

/// What the message passer made of it.
fn initiated(number: u64) -> Withdrawal {
    Withdrawal {
        nonce: (U256::from(1) << 240) + U256::from(number),
        sender: key(1).address(),
        target: Address::repeat_byte(0x99),
        value: U256::ZERO,
        gas_limit: U256::from(100_000),
        data: number.to_be_bytes().into(),
    }
}

fn holds(root: B256, key: B256, value: Option<Vec<u8>>, nodes: &[Bytes]) {
    verify_proof(root, Nibbles::unpack(key), value, nodes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_withdrawal_is_proven_like_a_new_one() {
    let messages = (0..20).map(initiate).collect();
    let age = OUTLOOK_BLOCKS_MAX + 3 * INTERVAL;
    let node = Node::of_age(age, messages, |_| {}).await;
    for quarter in 1..=4 {
        node.until_block(age * quarter / 4).await;
    }
    node.until_projected(age).await;
    let old = json!(format!("{INTERVAL:#x}"));
    let (code, ..) = node.fail("eth_getProof", json!([key(1).address(), [], old])).await;
    assert_eq!(code, 4_444, "the trie goes back that far");

    let root: B256 = {
        let block = node.call("eth_getBlockByNumber", json!([old, false])).await;
        serde_json::from_value(block["stateRoot"].clone()).unwrap()
    };
    for number in [0, 7, 19] {
        let withdrawal = initiated(number);
        let slot = Withdrawal::storage_slot(withdrawal.hash());
        let absent = B256::repeat_byte(0xcc);
        let params = json!([L2_TO_L1_MESSAGE_PASSER, [slot, absent], old]);
        let proof: EIP1186AccountProofResponse =
            serde_json::from_value(node.call("eth_getProof", params).await).unwrap();
        let account = TrieAccount {
            nonce: proof.nonce,
            balance: proof.balance,
            storage_root: proof.storage_hash,
            code_hash: proof.code_hash,
        };
        let account = alloy::rlp::encode(account);
        holds(root, keccak256(L2_TO_L1_MESSAGE_PASSER), Some(account), &proof.account_proof);
        let storage = proof.storage_hash;
        holds(storage, keccak256(slot), Some(vec![1]), &proof.storage_proof[0].proof);
        holds(storage, keccak256(absent), None, &proof.storage_proof[1].proof);
        assert_eq!(proof.storage_proof[0].value, U256::from(1));

        let hash = withdrawal.hash();
        let one = node.call("rollup_getWithdrawalProof", json!([hash, old])).await;
        assert_eq!(one["withdrawalProof"], json!(proof.storage_proof[0].proof));
        let told = &one["withdrawal"];
        assert_eq!(told["data"], json!(withdrawal.data));
        assert_eq!(told["nonce"], json!(withdrawal.nonce));
        assert_eq!(told["sender"], json!(withdrawal.sender));
        // A block between has its storage proof all the same, and one before has none.
        let between = node.call("rollup_getWithdrawalProof", json!([hash, "0x1f"])).await;
        assert_eq!((&between["l2OutputIndex"], &between["withdrawal"]), (&Value::Null, told));
        assert_eq!(between["withdrawalProof"], one["withdrawalProof"]);
        let before = node.call("rollup_getWithdrawalProof", json!([hash, "0x0"])).await;
        assert_eq!(before, Value::Null);
    }
}

/// The nodes that the index keeps and the trie say the same, while the trie still knows.
#[tokio::test(flavor = "multi_thread")]
async fn kept_nodes_are_those_of_the_trie() {
    let messages = (0..20).map(initiate).collect();
    let node = Node::of_age(3 * INTERVAL, messages, |_| {}).await;
    node.until_block(3 * INTERVAL).await;
    node.until_projected(3 * INTERVAL).await;
    let view = node.handle.view.clone();
    let slots: Vec<U256> = (0..25)
        .map(|number| U256::from_be_bytes(Withdrawal::storage_slot(initiated(number).hash()).0))
        .collect();
    for number in [0, 11, 12, 13, 32, 64, 96] {
        let block = view.require(number).await.unwrap();
        let (outlook, asked) = (view.outlook(number), slots.clone());
        let proving = move || outlook.proof(L2_TO_L1_MESSAGE_PASSER, &asked);
        let proof = tokio::task::spawn_blocking(proving).await.unwrap().unwrap();
        let account = view.kept_account(&block).await.unwrap();
        assert_eq!(account, number.is_multiple_of(INTERVAL).then_some(proof.proof));
        for (slot, proven) in slots.iter().zip(proof.storage) {
            assert_eq!(view.kept_slot(&block, *slot).await.unwrap(), Some(proven));
        }
    }
}
