//! What an L1 transaction leads to on L2: under which hash, by when at the latest, and whether it succeeded there.
//!
//! The hash follows from the deposit's place on L1 (`docs/spec/derivation.md`, D1 and D3): from its log index where a batch
//! brings it, from its number among the messages of its block where no batch came and the block was forced.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256},
    rpc::types::Log,
    sol_types::SolEvent,
};
use bindings::{Portal::TransactionDeposited, SystemConfig::ConfigUpdate};
use eyre::{Result, WrapErr, bail, ensure, eyre};
use protocol::{DepositMessage, user_deposit_source_hash};
use serde_json::json;

use super::{
    console::Console,
    layer::{Layer, Receipt},
    link::Link,
    wait::{Outage, words},
};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// L1 blocks that the time between two of them is measured over.
const MEASURED_BLOCKS: u64 = 64;
/// L1 blocks after the last possible one in which an L2 node may still be busy with it.
const GRACE_BLOCKS: u64 = 16;

/// A deposit on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deposited {
    /// The L2 transaction, if a batch brings it.
    pub(crate) hash: B256,
    /// The L2 transaction, if no batch comes in time.
    pub(crate) hash_if_forced: B256,
    /// The sender on L2.
    pub(crate) from: Address,
    /// L1 block of the deposit.
    pub(crate) l1_block: u64,
    /// The L1 block from which L2 holds it, whatever the sequencer does.
    pub(crate) l1_block_latest: u64,
}

/// The one deposit of an L1 transaction.
pub(crate) async fn of(link: &Link, receipt: &Receipt) -> Result<Deposited> {
    let contracts = link.chain.contracts;
    let of_portal = |log: &&Log| {
        log.inner.address == contracts.portal
            && log.topic0() == Some(&TransactionDeposited::SIGNATURE_HASH)
    };
    let log = receipt.logs.iter().find(of_portal);
    let log = log.ok_or_else(|| eyre!("the portal has not said that it took the deposit"))?;
    let index = log.log_index.ok_or_else(|| eyre!("L1 shows a log without an index"))?;
    let topics = [TransactionDeposited::SIGNATURE_HASH, ConfigUpdate::SIGNATURE_HASH];
    let of_chain = [contracts.portal, contracts.system_config];
    let messages = link.client.logs(receipt.block_hash, &of_chain, &topics).await?;
    let before = |other: &&Log| other.log_index.is_some_and(|other| other < index);
    let place = u64::try_from(messages.iter().filter(before).count())?;
    let event = TransactionDeposited::decode_log(&log.inner);
    let event = event.wrap_err("cannot read the event of the deposit")?.data;
    let message = DepositMessage { from: event.from, to: event.to, opaque_data: event.opaqueData };
    let (hash, hash_if_forced) = hashes(&message, receipt.block_hash, index, place)?;
    let l1_block = receipt.block();
    let l1_block_latest = l1_block.saturating_add(link.chain.sequencing_window).saturating_add(1);
    Ok(Deposited { hash, hash_if_forced, from: event.from, l1_block, l1_block_latest })
}

fn hashes(
    message: &DepositMessage,
    l1_block_hash: B256,
    log_index: u64,
    place: u64,
) -> Result<(B256, B256)> {
    let hash = |number| {
        let source = user_deposit_source_hash(l1_block_hash, number);
        message.to_deposit(source).map(|deposit| deposit.tx_hash())
    };
    Ok((hash(log_index)?, hash(place)?))
}

/// Says where the deposit stands on L1, under which hash L2 will have it, and by when. The deadline rests on L1 alone.
pub(crate) async fn announce(
    link: &Link,
    receipt: &Receipt,
    text: &str,
    console: &mut Console,
) -> Result<Deposited> {
    let deposited = of(link, receipt).await?;
    let left = time_left(link, &deposited).await?;
    let Deposited { hash, hash_if_forced, l1_block, l1_block_latest, .. } = deposited;
    let fields = json!({
        "l1Transaction": receipt.transaction_hash,
        "l1Block": l1_block,
        "l2Transaction": hash,
        "l2TransactionIfForced": hash_if_forced,
        "l1BlockLatest": l1_block_latest,
        "secondsLatest": left,
    });
    let text = format!(
        "{text} in L1 block {l1_block}\non L2 it is transaction {hash}\nL2 executes it by L1 block {l1_block_latest} at the latest, in about {}, whatever the sequencer does",
        words(left)
    );
    console.step("deposited", &text, fields);
    Ok(deposited)
}

/// Seconds until L2 must have executed it, by the pace of L1.
async fn time_left(link: &Link, deposited: &Deposited) -> Result<u64> {
    let head = link.l1.head().await?;
    let first = head.saturating_sub(MEASURED_BLOCKS);
    let took = link.l1.timestamp(head).await?.saturating_sub(link.l1.timestamp(first).await?);
    Ok(remaining(head, deposited.l1_block_latest, head - first, took))
}

/// Rounded up. L1 without a past has no pace.
const fn remaining(head: u64, latest: u64, blocks: u64, took: u64) -> u64 {
    match latest.saturating_sub(head).saturating_mul(took).checked_next_multiple_of(blocks) {
        Some(seconds) => seconds / blocks,
        None => 0,
    }
}

/// Waits until L2 has executed a deposit, and says how that went. Looks at L1 as well: a reorg there gives it another hash.
pub(crate) async fn wait(
    link: &Link,
    l1_transaction: B256,
    console: &mut Console,
) -> Result<Receipt> {
    let l2 = link.l2().await?;
    let mut outage = Outage::default();
    loop {
        match look(link, l2, l1_transaction).await {
            Ok(Seen::Executed(receipt)) => {
                said(&receipt, console);
                return Ok(receipt);
            }
            Ok(Seen::Dropped) => {
                outage.over();
                console.waiting("dropped", "L1 was reorganized and does not have the deposit now");
            }
            Ok(Seen::OnItsWay { left, overdue_blocks }) => {
                outage.over();
                ensure!(
                    overdue_blocks <= GRACE_BLOCKS,
                    "the L2 node has not executed the deposit, although it must have {overdue_blocks} L1 blocks ago: it does not follow L1, or lies; look for it on another node, best a verifier's (--l2-rpc)"
                );
                let text = format!("waiting for L2, which has {} at most", words(left));
                console.waiting("arrival", &text);
            }
            Err(error) => console.waiting("outage", &outage.bear(error)?),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

enum Seen {
    Executed(Receipt),
    /// Not in any L1 block.
    Dropped,
    OnItsWay {
        left: u64,
        overdue_blocks: u64,
    },
}

async fn look(link: &Link, l2: &Layer, l1_transaction: B256) -> Result<Seen> {
    let Some(receipt) = link.l1.receipt(l1_transaction).await? else { return Ok(Seen::Dropped) };
    if !receipt.succeeded() {
        bail!("the deposit failed on L1 after a reorg: transaction {l1_transaction}");
    }
    let deposited = of(link, &receipt).await?;
    for hash in [deposited.hash, deposited.hash_if_forced] {
        if let Some(receipt) = l2.receipt(hash).await? {
            return Ok(Seen::Executed(receipt));
        }
    }
    let overdue_blocks = link.l1.head().await?.saturating_sub(deposited.l1_block_latest);
    Ok(Seen::OnItsWay { left: time_left(link, &deposited).await?, overdue_blocks })
}

fn said(receipt: &Receipt, console: &mut Console) {
    let (hash, block) = (receipt.transaction_hash, receipt.block());
    let success = receipt.succeeded();
    let word = if success { "executed" } else { "executed, but failed," };
    let fields = json!({ "l2Transaction": hash, "l2Block": block, "success": success });
    console.step("executed", &format!("{word} in L2 block {block}, transaction {hash}"), fields);
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Bytes;
    use protocol::Transaction;

    use super::*;

    #[test]
    fn a_deposit_has_one_hash_by_its_log_and_one_by_its_place() {
        let message = DepositMessage {
            from: Address::repeat_byte(1),
            to: Address::repeat_byte(2),
            opaque_data: Bytes::from(vec![0; 73]),
        };
        let block = B256::repeat_byte(3);
        let (by_log, by_place) = hashes(&message, block, 5, 0).unwrap();
        assert_ne!(by_log, by_place);
        assert_eq!(hashes(&message, block, 0, 0).unwrap(), (by_place, by_place));
        let deposit = message.to_deposit(user_deposit_source_hash(block, 5)).unwrap();
        assert_eq!(Transaction::from(deposit).tx_hash(), by_log);
    }

    #[test]
    fn time_left_follows_the_pace_of_l1() {
        assert_eq!(remaining(100, 141, 64, 768), 492);
        assert_eq!(remaining(100, 141, 64, 64), 41);
        assert_eq!(remaining(150, 141, 64, 64), 0);
        assert_eq!(remaining(0, 41, 0, 0), 0);
        // Two seconds for three blocks, one to go.
        assert_eq!(remaining(10, 11, 3, 2), 1);
    }
}
