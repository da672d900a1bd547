//! Leaving without asking anybody: what the sequencer refuses is forced from L1, and when it is gone for good, a node
//! that follows L1 and a proposer that anybody runs are enough to withdraw everything.

use std::time::Duration;

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, B256, Bytes, U64, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::{Filter, TransactionRequest},
    sol,
    sol_types::{SolCall, SolEvent},
};
use bindings::{DisputeOracle, FeeVault, L2ToL1MessagePasser, Portal};
use eyre::{Result, ensure, eyre};
use harness::eventually;
use protocol::predeploys::{
    BASE_FEE_VAULT, L1_FEE_VAULT, L2_TO_L1_MESSAGE_PASSER, OPERATOR_FEE_VAULT, SEQUENCER_FEE_VAULT,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    site::{FEE_RECIPIENT, PATIENCE, Rules, Site, account},
    support::{LATER, SOON, safe, send, transfer},
};

sol! {
    /// The Portal's words for a withdrawal.
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct WithdrawalTransaction {
        uint256 nonce;
        address sender;
        address target;
        uint256 value;
        uint256 gasLimit;
        bytes data;
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct OutputRootProof {
        bytes32 version;
        bytes32 stateRoot;
        bytes32 messagePasserStorageRoot;
        bytes32 latestBlockhash;
    }

    function proveWithdrawalTransaction(
        WithdrawalTransaction withdrawal,
        uint256 l2OutputIndex,
        OutputRootProof outputRootProof,
        bytes[] withdrawalProof
    );
    function finalizeWithdrawalTransaction(WithdrawalTransaction withdrawal);
}

/// What `rollup_getWithdrawalProof` answers, as far as the Portal wants it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proven {
    withdrawal: WithdrawalTransaction,
    l2_output_index: Option<U64>,
    output_root_proof: OutputRootProof,
    withdrawal_proof: Vec<Bytes>,
}

/// Two users with ether on L2, and where each of them wants it on L1.
const USERS: [(u32, Address); 2] =
    [(3, Address::repeat_byte(0xa3)), (4, Address::repeat_byte(0xa4))];
/// The gas that a forced withdrawal gets on L2.
const FORCED_GAS: u64 = 300_000;

fn provider(url: &str, index: u32) -> Result<DynProvider> {
    let wallet = EthereumWallet::from(account(index)?);
    Ok(ProviderBuilder::new().wallet(wallet).connect_http(url.parse()?).erased())
}

async fn ask<T: DeserializeOwned + std::fmt::Debug + Send + Sync + Unpin + 'static>(
    node: &DynProvider,
    method: &'static str,
    params: Value,
) -> Result<T> {
    Ok(serde_json::from_value(node.raw_request::<_, Value>(method.into(), params).await?)?)
}

/// A call that L1 forces L2 to make, with value that its sender has there.
fn forced(portal: Address, to: Address, value: U256, data: Vec<u8>) -> TransactionRequest {
    let call = Portal::depositTransactionCall {
        to,
        value,
        gasLimit: FORCED_GAS,
        isCreation: false,
        data: data.into(),
    };
    TransactionRequest::default().with_to(portal).with_input(call.abi_encode())
}

#[tokio::test]
async fn what_the_sequencer_refuses_is_forced_from_l1() -> Result<()> {
    let site = Site::new().await?;
    let mut sequencer = site.start("sequencer")?;
    let mut batcher = site.start("batcher")?;
    let node = site.open().await?;
    site.deposit(&node).await?;
    site.operate("admin_stopSequencer", json!([])).await?;
    let to = Address::repeat_byte(0x35);
    ensure!(send(&node, transfer(to, 7)).await.is_err(), "the sequencer took a transaction");

    let l1 = provider(&site.anvil.url(), 3)?;
    send(&l1, forced(site.rollup.contracts.portal, to, U256::from(7), Vec::new())).await?;
    let reached = eventually("the forced transfer", SOON, || async {
        let block = node.get_block_number().await?;
        Ok((node.get_balance(to).await? == U256::from(7)).then_some(block))
    })
    .await?;
    // Not only in the sequencer's eyes.
    safe(&node, reached).await?;
    for process in [&mut batcher, &mut sequencer] {
        let ended = process.terminate(PATIENCE).await?;
        ensure!(ended.success(), "{ended}:\n{}", process.logs().text());
    }
    Ok(())
}

#[tokio::test]
async fn everybody_leaves_when_sequencer_and_batcher_are_gone_for_good() -> Result<()> {
    let site = Site::with(Rules { dispute_window: 10, sequencing_window: 24 }).await?;
    let portal = site.rollup.contracts.portal;
    let mut sequencer = site.start("sequencer")?;
    let mut batcher = site.start("batcher")?;
    let node = site.open().await?;
    let deposited = U256::from(2_000_000_000_000_000_000_u64);
    for (index, _) in USERS {
        let l1 = provider(&site.anvil.url(), index)?;
        send(&l1, TransactionRequest::default().with_to(portal).with_value(deposited)).await?;
    }
    let owner = account(4)?.address();
    eventually("the deposits", SOON, || async {
        Ok((node.get_balance(owner).await? == deposited).then_some(()))
    })
    .await?;
    let last = send(&node, transfer(owner, 1_000)).await?;
    safe(&node, last.block_number.unwrap_or_default()).await?;
    sequencer.kill().await?;
    batcher.kill().await?;

    // Somebody who has nothing but L1 and `rollup.json`.
    let mut follower = site.start("node")?;
    let node = provider(&site.node, 3)?;
    eventually("the node to have what was posted", LATER, || async {
        let Ok(receipt) = node.get_transaction_receipt(last.transaction_hash).await else {
            return Ok(None);
        };
        Ok(receipt.map(|found| assert_eq!(found.block_hash, last.block_hash)))
    })
    .await?;
    let refused = send(&node, transfer(owner, 1)).await.err().map(|error| format!("{error:?}"));
    ensure!(
        refused.as_deref().is_some_and(|error| error.contains("it follows L1 alone")),
        "{refused:?}"
    );
    let mut proposer = site.start_with("verifier", "proposer")?;

    let paid = everybody_leaves(&site, &node).await?;
    assert_eq!(paid, deposited * U256::from(2));
    let l1 = provider(&site.anvil.url(), 4)?;
    assert_eq!(l1.get_balance(portal).await?, U256::ZERO);
    for process in [&mut proposer, &mut follower] {
        let ended = process.terminate(PATIENCE).await?;
        ensure!(ended.success(), "{ended}:\n{}", process.logs().text());
    }
    Ok(())
}

/// Forces the withdrawal of all that users and fee vaults have, and has it paid; how much that is.
async fn everybody_leaves(site: &Site, node: &DynProvider) -> Result<U256> {
    let portal = site.rollup.contracts.portal;
    let mut leaving = Vec::new();
    for (index, target) in USERS {
        let sender = account(index)?.address();
        let balance = node.get_balance(sender).await?;
        let call = L2ToL1MessagePasser::initiateWithdrawalCall {
            target,
            gasLimit: U256::from(100_000),
            data: Bytes::new(),
        };
        let l1 = provider(&site.anvil.url(), index)?;
        let request = forced(portal, L2_TO_L1_MESSAGE_PASSER, balance, call.abi_encode());
        send(&l1, request).await?;
        leaving.push((sender, target, balance));
    }
    // What was paid for gas; anybody can have it paid out.
    let l1 = provider(&site.anvil.url(), 4)?;
    for vault in [BASE_FEE_VAULT, L1_FEE_VAULT, OPERATOR_FEE_VAULT, SEQUENCER_FEE_VAULT] {
        let balance = node.get_balance(vault).await?;
        if !balance.is_zero() {
            let call = FeeVault::withdrawCall {}.abi_encode();
            send(&l1, forced(portal, vault, U256::ZERO, call)).await?;
            leaving.push((vault, FEE_RECIPIENT, balance));
        }
    }
    ensure!(leaving.len() > USERS.len(), "nobody paid for gas");
    let mut paid = U256::ZERO;
    for (sender, target, balance) in leaving {
        let (hash, value, block) = initiated(node, sender).await?;
        assert_eq!(value, balance);
        ensure!(node.get_balance(sender).await?.is_zero(), "{sender} has something left");
        let before = l1.get_balance(target).await?;
        withdraw(site, node, hash, block).await?;
        assert_eq!(l1.get_balance(target).await? - before, value);
        paid += value;
    }
    Ok(paid)
}

/// The hash, value and block of the withdrawal of this sender, once it is there.
async fn initiated(node: &DynProvider, sender: Address) -> Result<(B256, U256, u64)> {
    let filter = Filter::new()
        .address(L2_TO_L1_MESSAGE_PASSER)
        .event_signature(L2ToL1MessagePasser::MessagePassed::SIGNATURE_HASH)
        .topic2(sender.into_word())
        .from_block(0);
    let log = eventually("the forced withdrawal", LATER, || async {
        Ok(node.get_logs(&filter).await?.pop())
    })
    .await?;
    let passed = L2ToL1MessagePasser::MessagePassed::decode_log_data(log.data())?;
    let block = log.block_number.ok_or_else(|| eyre!("a log without a block"))?;
    Ok((passed.withdrawalHash, passed.value, block))
}

/// Proves a withdrawal with what one question gives, waits for the window, and has it paid. Anybody may do that.
async fn withdraw(site: &Site, node: &DynProvider, hash: B256, block: u64) -> Result<()> {
    let (l1, contracts) = (provider(&site.anvil.url(), 6)?, site.rollup.contracts);
    let oracle = DisputeOracle::new(contracts.output_oracle, &l1);
    let covering = eventually("the proposal", LATER, || async {
        if oracle.latestBlockNumber().call().await? < U256::from(block) {
            return Ok(None);
        }
        Ok(Some(oracle.getL2OutputIndexAfter(U256::from(block)).call().await?))
    })
    .await?;
    let proposed = oracle.getL2Output(covering).call().await?.l2BlockNumber;
    let params = json!([hash, format!("{proposed:#x}")]);
    // The node takes its time to have the block, and to see the proposal on L1.
    let (index, proven) = eventually("the proof", LATER, || async {
        let asked = ask::<Proven>(node, "rollup_getWithdrawalProof", params.clone()).await;
        let Ok(proven) = asked else { return Ok(None) };
        Ok(proven.l2_output_index.map(|index| (U256::from(index), proven)))
    })
    .await?;
    assert_eq!(index, covering);
    let Proven { withdrawal, output_root_proof, withdrawal_proof, .. } = proven;
    let finalize = finalizeWithdrawalTransactionCall { withdrawal: withdrawal.clone() };
    let prove = proveWithdrawalTransactionCall {
        withdrawal,
        l2OutputIndex: index,
        outputRootProof: output_root_proof,
        withdrawalProof: withdrawal_proof,
    };
    let call =
        |input: Vec<u8>| TransactionRequest::default().with_to(contracts.portal).with_input(input);
    send(&l1, call(prove.abi_encode())).await?;
    // Not before its time.
    let early = l1.estimate_gas(call(finalize.abi_encode())).await;
    ensure!(early.is_err(), "paid within the window");
    tokio::time::sleep(Duration::from_secs(site.rollup.dispute_window)).await;
    eventually("the window to pass on L1", SOON, || async {
        Ok(l1.estimate_gas(call(finalize.abi_encode())).await.ok())
    })
    .await?;
    send(&l1, call(finalize.abi_encode())).await?;
    Ok(())
}
