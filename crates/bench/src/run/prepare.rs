//! Makes a chain ready for a workload: its contracts, its senders' money, their approvals. Done once for each chain.

use std::time::{Duration, Instant};

use alloy::{
    hex,
    primitives::{Address, B256, keccak256},
};
use serde_json::json;

use super::RunError;
use crate::{
    file::{Record, Sender, Workload},
    rpc::{ASKED_AT_ONCE, Rpc, RpcError},
};

/// Pause between two looks.
const POLL: Duration = Duration::from_millis(50);
/// The funder's transactions that wait at most: nodes bound what one sender has waiting.
const WAITING_MAX: usize = 64;

/// Plays the preamble where it was not played; the senders' nonces.
pub(super) async fn prepare(
    workload: &Workload,
    rpc: &Rpc,
    patience: Duration,
) -> Result<Vec<u64>, RunError> {
    let header = &workload.header;
    let found = rpc.chain_id().await.map_err(RunError::Rpc)?;
    if found != header.chain_id {
        return Err(RunError::Chain { expected: header.chain_id, found });
    }
    let funder = header.funder;
    let found = nonce(rpc, funder).await?;
    let begin = header.funder_nonce;
    let done = found.saturating_sub(begin);
    // The funder may have done other things since, but then the contracts must be there.
    let is_begun = done > 0;
    let has_setup = rpc.has_code(header.setup).await.map_err(RunError::Rpc)?;
    if found < begin || is_begun != has_setup {
        return Err(RunError::Funder { funder, expected: begin, found });
    }
    let funding: Vec<Record> = workload.funding().collect();
    let done = std::cmp::min(usize::try_from(done).unwrap_or(usize::MAX), funding.len());
    for part in funding[done..].chunks(WAITING_MAX) {
        play(rpc, part, patience).await?;
    }
    approve(workload, rpc, patience).await?;
    let addresses: Vec<Address> = workload.senders.iter().map(|sender| sender.address).collect();
    rpc.nonces(&addresses, "latest").await.map_err(RunError::Rpc)
}

/// Plays the approvals of senders that have not approved yet.
async fn approve(workload: &Workload, rpc: &Rpc, patience: Duration) -> Result<(), RunError> {
    if workload.header.approvals == 0 {
        return Ok(());
    }
    let addresses: Vec<Address> = workload.senders.iter().map(|sender| sender.address).collect();
    let nonces = rpc.nonces(&addresses, "latest").await.map_err(RunError::Rpc)?;
    let is_new = |record: &Record| {
        let index = record.sender as usize;
        let sender: &Sender = &workload.senders[index];
        nonces[index] <= sender.nonce
    };
    let open: Vec<Record> = workload.approvals().filter(is_new).collect();
    for part in open.chunks(ASKED_AT_ONCE * 10) {
        play(rpc, part, patience).await?;
    }
    Ok(())
}

async fn nonce(rpc: &Rpc, account: Address) -> Result<u64, RunError> {
    let nonces = rpc.nonces(&[account], "latest").await.map_err(RunError::Rpc)?;
    Ok(nonces.first().copied().unwrap_or_default())
}

/// Sends all and waits until all have succeeded.
async fn play(rpc: &Rpc, records: &[Record], patience: Duration) -> Result<(), RunError> {
    let params = records.iter().map(|record| json!([hex::encode_prefixed(&record.raw)])).collect();
    let sent = rpc.ask_all("eth_sendRawTransaction", params).await.map_err(RunError::Rpc)?;
    for answer in sent {
        match answer {
            Err(RpcError::Refused { message, .. }) if !message.contains("already known") => {
                return Err(RunError::Refused(message));
            }
            Err(error @ (RpcError::Transport { .. } | RpcError::Unexpected { .. })) => {
                return Err(RunError::Rpc(error));
            }
            _ => {}
        }
    }
    let deadline = Instant::now() + patience;
    let mut left: Vec<B256> = records.iter().map(|record| keccak256(&record.raw)).collect();
    while !left.is_empty() {
        let receipts = rpc.receipts(&left).await.map_err(RunError::Rpc)?;
        let mut waiting = Vec::new();
        for (hash, receipt) in left.into_iter().zip(receipts) {
            match receipt {
                Some(receipt) if !receipt.is_success => return Err(RunError::Failed(hash)),
                Some(_) => {}
                None => waiting.push(hash),
            }
        }
        left = waiting;
        if !left.is_empty() {
            if Instant::now() >= deadline {
                return Err(RunError::Unprepared(patience.as_secs()));
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(())
}
