//! What L1 can do to a rollup: reorgs, garbage from the batcher's own key, both carriers, and a liar who proposes.

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider, ProviderBuilder, ext::AnvilApi},
    rpc::types::TransactionRequest,
    sol_types::SolCall,
};
use bindings::{BatchInbox, Claims, DisputeOracle};
use eyre::{Result, WrapErr, ensure};
use harness::{Devnet, eventually};
use l1::anvil::MNEMONIC;
use serde_json::json;

use crate::support::{LATER, block_hash, call, heads, safe, send, transfer, verifier_status};

/// Place of the batcher's account in the devnet's mnemonic.
const BATCHER: u32 = 11;

fn wallet(index: u32) -> Result<EthereumWallet> {
    use alloy::signers::local::{MnemonicBuilder, coins_bip39::English};
    let account = MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index)?.build()?;
    Ok(account.into())
}

#[tokio::test]
async fn blobs_and_calldata_both_carry_the_chain() -> Result<()> {
    for carrier in ["calldata", "blobs"] {
        let devnet = Devnet::ephemeral(&["--carrier", carrier]).await?;
        let node = devnet.l2(0)?;
        let sent = send(&node, transfer(Address::repeat_byte(5), 1)).await?;
        let number = sent.block_number.unwrap_or_default();
        safe(&node, number).await?;
        eventually("the verifier to derive it", LATER, || async {
            let status = verifier_status(&devnet.info.metrics).await?;
            Ok((status["head"]["number"].as_u64() >= Some(number)).then_some(()))
        })
        .await?;
        devnet.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_reorg_of_depth_three_is_followed() -> Result<()> {
    reorganize(3).await
}

/// Batches that counted as confirmed are gone from L1. They are posted again, and those behind them, while the chain goes on:
/// the sequencing window does not pass. Eight blocks deep, L1 of a devnet is final.
#[tokio::test]
async fn a_reorg_below_what_was_confirmed_loses_no_block() -> Result<()> {
    reorganize(7).await
}

async fn reorganize(depth: u64) -> Result<()> {
    let mut devnet = Devnet::ephemeral(&[]).await?;
    let followed = follow_reorg(&devnet, depth).await;
    // A reorg is worth a warning, so the log is checked for one line alone.
    let log = devnet.process().logs().text();
    followed.wrap_err_with(|| format!("the log:\n{log}"))?;
    ensure!(!log.contains("our own blocks give way to L1"), "the window passed:\n{log}");
    let status = devnet.process().terminate(LATER).await?;
    ensure!(status.success(), "{status}");
    Ok(())
}

/// Takes so many blocks off L1, and waits until all is well again.
async fn follow_reorg(devnet: &Devnet, depth: u64) -> Result<()> {
    let (l1, node) = (devnet.l1()?, devnet.l2(0)?);
    let to = Address::repeat_byte(6);
    let sent = send(&node, transfer(to, 7)).await?;
    safe(&node, sent.block_number.unwrap_or_default()).await?;
    // Something stands above it on L1 when it is taken out.
    let head = eventually("L1 to go on", LATER, || async {
        let head = l1.get_block_number().await?;
        Ok((head > depth + 12).then_some(head))
    })
    .await?;
    let old = l1.get_block_by_number(head.into()).await?.map(|block| block.header.hash);
    l1.anvil_reorg(alloy::rpc::types::anvil::ReorgOptions { depth, tx_block_pairs: vec![] })
        .await?;
    eventually("L1 to have another block there", LATER, || async {
        let new = l1.get_block_by_number(head.into()).await?.map(|block| block.header.hash);
        Ok((new.is_some() && new != old).then_some(()))
    })
    .await?;
    // The transfer comes back, if it was taken out at all, and everything goes on.
    eventually("the transfer to stay", LATER, || async {
        Ok((node.get_balance(to).await? == U256::from(7)).then_some(()))
    })
    .await?;
    let later = send(&node, transfer(to, 1)).await?;
    let number = later.block_number.unwrap_or_default();
    safe(&node, number).await?;
    let status = eventually("the verifier to be there too", LATER, || async {
        let status = verifier_status(&devnet.info.metrics).await?;
        Ok((status["head"]["number"].as_u64() >= Some(number)).then_some(status))
    })
    .await?;
    let at = status["head"]["number"].as_u64().unwrap_or_default();
    let hash: B256 = serde_json::from_value(status["head"]["hash"].clone())?;
    assert_eq!(hash, block_hash(&node, at).await?);
    Ok(())
}

#[tokio::test]
async fn garbage_from_the_batchers_key_stops_nothing() -> Result<()> {
    let mut devnet = Devnet::ephemeral(&[]).await?;
    let node = devnet.l2(0)?;
    let l1 = ProviderBuilder::new()
        .wallet(wallet(BATCHER)?)
        .connect_http(devnet.info.l1.rpc.parse()?)
        .erased();
    let inbox = devnet.info.contracts.batch_inbox;
    let (_, next, _) = heads(&node).await?;
    for data in [vec![], vec![0xff; 1_000], vec![1, 1, 0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]] {
        let post = BatchInbox::postBatchCalldataCall {
            firstBlock: next + 1,
            lastBlock: next + 5,
            data: data.into(),
        };
        // The batcher itself uses this account, so a nonce may be taken meanwhile.
        eventually("the garbage to be posted", LATER, || async {
            let sent = l1.send_transaction(call(inbox, post.abi_encode())).await;
            let Ok(pending) = sent else { return Ok(None) };
            Ok(pending.get_receipt().await.ok().filter(|receipt| receipt.status()).map(|_| ()))
        })
        .await?;
    }
    let sent = send(&node, transfer(Address::repeat_byte(7), 1)).await?;
    safe(&node, sent.block_number.unwrap_or_default()).await?;
    ensure!(devnet.process().logs().contains("counts as absent"), "nobody noticed the garbage");
    let status = devnet.process().terminate(LATER).await?;
    ensure!(status.success(), "{status}");
    Ok(())
}

#[tokio::test]
async fn a_false_proposal_is_reported_with_its_first_bad_block() -> Result<()> {
    // So long an interval that the devnet's own proposer, which has to derive the block first, rarely comes first.
    let mut devnet = Devnet::ephemeral(&["--proposal-interval", "8"]).await?;
    let l1 = devnet.l1_signer(3)?;
    let oracle = devnet.info.contracts.output_oracle;
    let next = eventually("a lie that comes first", LATER, || async {
        let (next, request) = lie(&l1, oracle).await?;
        // No earlier than the block could be there.
        if l1.estimate_gas(request.clone()).await.is_err() {
            return Ok(None);
        }
        // Where the truth got into L1 before it, the next block can be lied about.
        let receipt = l1.send_transaction(request).await?.get_receipt().await?;
        Ok(receipt.status().then_some(next))
    })
    .await?;
    let status = eventually("the verifier to disagree", LATER, || async {
        let status = verifier_status(&devnet.info.metrics).await?;
        let found = status["disagreements"].as_array().is_some_and(|list| !list.is_empty());
        Ok(found.then_some(status))
    })
    .await?;
    assert_eq!(status["disagreements"][0]["firstBadBlock"], json!(next));
    let metrics = reqwest::get(&devnet.info.metrics).await?.text().await?;
    ensure!(metrics.contains("braid_verifier_disagreement 1"), "no metric of it");
    let status = devnet.process().terminate(LATER).await?;
    ensure!(status.success(), "{status}");
    Ok(())
}

/// The outermost level of a dispute.
const SEGMENTS: u8 = 0;

/// A proposal of a state that never was, for the next block that is due, and that block.
async fn lie(l1: &DynProvider, oracle: Address) -> Result<(u64, TransactionRequest)> {
    let reader = DisputeOracle::new(oracle, l1);
    let next = u64::try_from(reader.nextBlockNumber().call().await?)?;
    let bond = reader.BOND().call().await?;
    let height = reader.height(SEGMENTS).call().await?;
    let head = l1.get_block_by_number(alloy::eips::BlockNumberOrTag::Latest).await?;
    let head = head.ok_or_else(|| eyre::eyre!("L1 has no head"))?.header;
    let parent = reader.proposal(reader.latestOutputIndex().call().await?).call().await?;
    let lie = DisputeOracle::proposeOutputCall {
        last: Claims::BlockClaim {
            blockHash: B256::repeat_byte(0xbb),
            stateRoot: B256::ZERO,
            withdrawalsRoot: B256::ZERO,
            cursor: B256::ZERO,
            originHash: B256::ZERO,
            sequenceNumber: 0,
            number: next,
        },
        proof: vec![B256::repeat_byte(0xcc); height.into()],
        parentClaim: parent.claim,
        l2BlockNumber: U256::from(next),
        l1BlockHash: head.hash,
        l1BlockNumber: U256::from(head.number),
    };
    let request =
        TransactionRequest::default().with_to(oracle).with_value(bond).with_input(lie.abi_encode());
    Ok((next, request))
}
