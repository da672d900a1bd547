//! What the sender reads from L1 before it decides: one view at one block hash, and where attempts were mined.
//!
//! Invariant: block, nonce and balance belong together, and an inclusion is believed only if the canonical header
//! of its number has the hash that the receipt names.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256},
};
use protocol::BlockId;

use super::{
    decide::{L1View, TxTrack},
    fees::FeeQuote,
    record::Inclusion,
};
use crate::{client::L1Client, error::L1Error};

/// Reads the head and the account at the head.
pub(super) async fn view(client: &L1Client, account: Address) -> Result<L1View, L1Error> {
    let head = client.header(BlockNumberOrTag::Latest).await?;
    let (nonce, balance, quote) = futures::try_join!(
        client.nonce_at(account, head.hash),
        client.balance_at(account, head.hash),
        FeeQuote::read(client),
    )?;
    let head = BlockId { number: head.number, hash: head.hash };
    Ok(L1View { head, nonce, settled_nonce: 0, balance, quote })
}

/// The account's nonce in the block that has `confirmations` now. Read only when a nonce may be lost.
pub(super) async fn settled_nonce(
    client: &L1Client,
    account: Address,
    l1: &L1View,
    confirmations: u64,
) -> Result<u64, L1Error> {
    let depth = std::cmp::max(confirmations, 1) - 1;
    let Some(number) = l1.head.number.checked_sub(depth) else { return Ok(0) };
    let header = client.header(BlockNumberOrTag::Number(number)).await?;
    Ok(std::cmp::min(client.nonce_at(account, header.hash).await?, l1.nonce))
}

/// Where L1 shows an attempt of this record mined now.
pub(super) async fn inclusion(
    client: &L1Client,
    l1: &L1View,
    track: &TxTrack,
) -> Result<Option<Inclusion>, L1Error> {
    if let Some(seen) = track.seen
        && is_canonical(client, l1, seen.block).await?
    {
        return Ok(Some(seen));
    }
    for hash in minable(track, l1) {
        let Some(receipt) = client.receipt(hash).await? else { continue };
        let (Some(number), Some(block_hash)) = (receipt.block_number, receipt.block_hash) else {
            continue;
        };
        let block = BlockId { number, hash: block_hash };
        if receipt.transaction_hash == hash && is_canonical(client, l1, block).await? {
            return Ok(Some(Inclusion { hash, block, succeeded: receipt.status() }));
        }
    }
    Ok(None)
}

/// Attempts that L1 may have mined, newest first: those whose nonce is used. A record that lost its nonce is looked
/// up under all nonces it ever had, so that a receipt that came late is not overlooked.
fn minable(track: &TxTrack, l1: &L1View) -> Vec<B256> {
    let record = &track.record;
    let mine = |nonce: u64| record.nonce.is_none_or(|current| current == nonce);
    let attempts = record.attempts.iter().rev();
    attempts
        .filter(|attempt| mine(attempt.nonce) && attempt.nonce < l1.nonce)
        .map(|attempt| attempt.hash)
        .collect()
}

async fn is_canonical(client: &L1Client, l1: &L1View, block: BlockId) -> Result<bool, L1Error> {
    if block.number > l1.head.number {
        return Ok(false);
    }
    let header = client.find_header(BlockNumberOrTag::Number(block.number)).await?;
    Ok(header.is_some_and(|header| header.hash == block.hash))
}
