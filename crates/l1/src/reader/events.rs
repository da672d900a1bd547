//! From the logs of one L1 block to messages and postings. Pure: no request is made, no blob is read here.
//!
//! Every log of the three contracts is understood or refused; nothing is skipped in silence, because a skipped
//! message would be a different L2 chain.

use std::collections::BTreeMap;

use alloy::{
    primitives::{B256, Bytes, Log, U256, keccak256},
    rpc::types::Log as RpcLog,
    sol_types::SolEvent,
};
use bindings::{
    BatchInbox::{BatchCalldata, BatchPosted},
    Portal::TransactionDeposited,
    SystemConfig,
};
use protocol::{
    BlockId, Carrier, ConfigUpdate, DepositMessage, InboxEntry, L1Contracts, L1Message,
};

use crate::error::L1Error;

/// The only version of deposits and configuration updates.
const EVENT_VERSION: U256 = U256::ZERO;

/// First topics of the events that derivation depends on.
pub(crate) const TOPICS: [B256; 4] = [
    TransactionDeposited::SIGNATURE_HASH,
    SystemConfig::ConfigUpdate::SIGNATURE_HASH,
    BatchPosted::SIGNATURE_HASH,
    BatchCalldata::SIGNATURE_HASH,
];

/// A batch as the inbox logged it; its bytes may still have to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) index: u64,
    pub(crate) first_block: u64,
    pub(crate) last_block: u64,
    pub(crate) data_hash: B256,
    pub(crate) data: PostingData,
}

/// Where the bytes of a posting are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PostingData {
    Calldata(Bytes),
    Blobs(Vec<B256>),
}

impl Posting {
    pub(crate) const fn carrier(&self) -> Carrier {
        match self.data {
            PostingData::Calldata(_) => Carrier::Calldata,
            PostingData::Blobs(_) => Carrier::Blobs,
        }
    }
}

/// What the logs of one block say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockEvents {
    pub(crate) postings: Vec<Posting>,
    pub(crate) messages: Vec<(u32, L1Message)>,
}

/// Reads the logs of one block, which must all be of that block.
pub(crate) fn decode_events(
    contracts: &L1Contracts,
    block: BlockId,
    logs: &[RpcLog],
) -> Result<BlockEvents, L1Error> {
    let mut sorted = BTreeMap::new();
    for log in logs {
        let index = log_index(block, log)?;
        if sorted.insert(index, log).is_some() {
            return Err(inconsistent(block, "two logs have the same index"));
        }
    }
    let mut events = BlockEvents::default();
    let mut unpaired: BTreeMap<u64, BatchPosted> = BTreeMap::new();
    for (index, log) in sorted {
        let context = Context { block, index, log: &log.inner };
        if log.inner.address == contracts.portal {
            events.messages.push((index, context.deposit()?));
        } else if log.inner.address == contracts.system_config {
            events.messages.push((index, context.config_update()?));
        } else if log.inner.address == contracts.batch_inbox {
            context.inbox(&mut events.postings, &mut unpaired)?;
        } else {
            return Err(inconsistent(block, "a log of another contract was returned"));
        }
    }
    if unpaired.is_empty() {
        Ok(events)
    } else {
        Err(inconsistent(block, "a calldata batch was returned without its data"))
    }
}

/// Reads the logs of one block, which must all be of that block, without those that hold the bytes of batches: what was
/// posted and what was sent, each in order.
pub(crate) fn decode_announced(
    contracts: &L1Contracts,
    block: BlockId,
    logs: &[RpcLog],
) -> Result<(Vec<BatchPosted>, Vec<L1Message>), L1Error> {
    let mut sorted = BTreeMap::new();
    for log in logs {
        sorted.insert(log_index(block, log)?, log);
    }
    let (mut postings, mut messages) = (Vec::new(), Vec::new());
    for (index, log) in sorted {
        let context = Context { block, index, log: &log.inner };
        if log.inner.address == contracts.portal {
            messages.push(context.deposit()?);
        } else if log.inner.address == contracts.system_config {
            messages.push(context.config_update()?);
        } else {
            postings.push(context.decode::<BatchPosted>()?);
        }
    }
    Ok((postings, messages))
}

/// The log's index, after checking that it is a log of this very block.
fn log_index(block: BlockId, log: &RpcLog) -> Result<u32, L1Error> {
    if log.removed || log.block_hash != Some(block.hash) || log.block_number != Some(block.number) {
        return Err(inconsistent(block, "a log of another block was returned"));
    }
    log.log_index
        .and_then(|index| u32::try_from(index).ok())
        .ok_or_else(|| inconsistent(block, "a log has no index"))
}

const fn inconsistent(block: BlockId, what: &'static str) -> L1Error {
    L1Error::Inconsistent { number: block.number, what }
}

/// One log and where it stands.
struct Context<'a> {
    block: BlockId,
    index: u32,
    log: &'a Log,
}

impl Context<'_> {
    fn deposit(&self) -> Result<L1Message, L1Error> {
        let event = self.decode::<TransactionDeposited>()?;
        if event.version != EVENT_VERSION {
            return Err(self.unknown("deposit version"));
        }
        Ok(L1Message::Deposit(DepositMessage {
            from: event.from,
            to: event.to,
            opaque_data: event.opaqueData,
        }))
    }

    fn config_update(&self) -> Result<L1Message, L1Error> {
        let event = self.decode::<SystemConfig::ConfigUpdate>()?;
        if event.version != EVENT_VERSION {
            return Err(self.unknown("configuration update version"));
        }
        ConfigUpdate::decode(event.updateType, &event.data)
            .map(L1Message::Config)
            .map_err(|_| self.unknown("configuration update"))
    }

    /// A posting is one log for blobs, two for calldata: what was posted, and the bytes.
    fn inbox(
        &self,
        postings: &mut Vec<Posting>,
        unpaired: &mut BTreeMap<u64, BatchPosted>,
    ) -> Result<(), L1Error> {
        if self.log.topics().first() == Some(&BatchCalldata::SIGNATURE_HASH) {
            let event = self.decode::<BatchCalldata>()?;
            let posted = unpaired
                .remove(&self.batch_index(event.index)?)
                .ok_or_else(|| inconsistent(self.block, "batch data without a batch"))?;
            if keccak256(&event.data) != posted.dataHash {
                return Err(inconsistent(self.block, "batch data does not have the logged hash"));
            }
            return self.push(postings, posted, |_| PostingData::Calldata(event.data));
        }
        let posted = self.decode::<BatchPosted>()?;
        if posted.blobHashes.is_empty() {
            unpaired.insert(self.batch_index(posted.index)?, posted);
            return Ok(());
        }
        if InboxEntry::blobs_hash(&posted.blobHashes) != posted.dataHash {
            return Err(inconsistent(self.block, "blob hashes do not have the logged hash"));
        }
        self.push(postings, posted, |posted| PostingData::Blobs(posted.blobHashes))
    }

    fn push(
        &self,
        postings: &mut Vec<Posting>,
        posted: BatchPosted,
        data: impl FnOnce(BatchPosted) -> PostingData,
    ) -> Result<(), L1Error> {
        postings.push(Posting {
            index: self.batch_index(posted.index)?,
            first_block: posted.firstBlock,
            last_block: posted.lastBlock,
            data_hash: posted.dataHash,
            data: data(posted),
        });
        Ok(())
    }

    fn batch_index(&self, index: U256) -> Result<u64, L1Error> {
        u64::try_from(index).map_err(|_| self.unknown("batch index beyond 64 bits"))
    }

    fn decode<E: SolEvent>(&self) -> Result<E, L1Error> {
        E::decode_log(self.log).map(|log| log.data).map_err(|_| self.unknown("event"))
    }

    fn unknown(&self, what: &'static str) -> L1Error {
        L1Error::UnknownEvent {
            contract: self.log.address,
            number: self.block.number,
            log_index: self.index.into(),
            what,
        }
    }
}

#[cfg(test)]
mod tests;
