//! Blocks and state as Postgres has them, in the form in which the service keeps them in memory.

use std::sync::{Arc, OnceLock};

use alloy::primitives::{Bytes, keccak256};
use db::{
    BlockRecord, HeadsStore, IndexedReceipt, JournalReader, PgStateReader, Position, StateScan,
};
use executor::TransactionOutcome;
use protocol::{BlockOpening, Heads, L2BlockRef, RollupConfig};
use state::{StateTrie, StateTrieBuilder};

use super::{Loader, decode_opening, genesis::genesis_opening};
use crate::{
    SequencerError,
    chain::{ChainBlock, Included, ReadError, ethereum, ethereum::EthereumParts},
};

impl Loader {
    /// An indexed block, whole.
    pub(super) async fn stored_block(&self, number: u64) -> Result<ChainBlock, SequencerError> {
        let record = self.index.block(number).await.map_err(SequencerError::Index)?;
        let record = record.ok_or(SequencerError::Lost { what: "newest block of the index" })?;
        let opening = opening_of(&self.journal, &self.rollup, number).await?;
        chain_block(record, opening, None).map_err(SequencerError::Chain)
    }

    /// A reader of the state tables.
    pub(super) fn open_state(&self) -> Result<PgStateReader, SequencerError> {
        PgStateReader::start(self.database.clone())
            .map_err(|source| SequencerError::Thread { name: "state-reader", source })
    }

    /// Builds the trie from the state tables, and checks it against the newest header.
    pub(super) async fn build_trie(
        &self,
        newest: &ChainBlock,
    ) -> Result<StateTrie, SequencerError> {
        let mut scan = StateScan::begin(&self.database).await.map_err(SequencerError::Scan)?;
        let mut builder = StateTrieBuilder::new(self.root_threads);
        loop {
            let accounts = scan.accounts().await.map_err(SequencerError::Scan)?;
            if accounts.is_empty() {
                break;
            }
            for (address, account) in accounts {
                builder.account(address, account);
            }
        }
        loop {
            let slots = scan.slots().await.map_err(SequencerError::Scan)?;
            if slots.is_empty() {
                break;
            }
            for (address, slot, value) in slots {
                builder.slot(address, slot, value);
            }
        }
        let lost = |_| SequencerError::Lost { what: "building of the trie" };
        let built = tokio::task::spawn_blocking(move || builder.finish()).await;
        let mut trie = built.map_err(lost)?;
        trie.set_threads(self.root_threads);
        if trie.root() != newest.header.state_root {
            return Err(SequencerError::Contradiction {
                what: "state root",
                number: newest.number(),
                computed: trie.root(),
                stored: newest.header.state_root,
            });
        }
        Ok(trie)
    }

    /// The heads as they were saved last.
    pub(super) async fn stored_heads(&self) -> Result<Option<Heads>, SequencerError> {
        let stored = HeadsStore::new(self.database.clone());
        stored.load().await.map_err(SequencerError::Heads)
    }

    /// Block 0; `newest` if that is block 0.
    pub(super) fn genesis_reference(&self, newest: L2BlockRef) -> L2BlockRef {
        if newest.number == 0 {
            return newest;
        }
        super::genesis::genesis_block(&self.rollup).0.reference
    }
}

/// What an indexed block was opened with.
pub(crate) async fn opening_of(
    journal: &JournalReader,
    rollup: &RollupConfig,
    number: u64,
) -> Result<BlockOpening, SequencerError> {
    if number == 0 {
        return Ok(genesis_opening(rollup));
    }
    // The first row alone: the others are as long as their transactions.
    let rows = journal.rows(Position { block: number, index: 0 }, 1).await;
    let rows = rows.map_err(SequencerError::ReadJournal)?;
    let first = rows.first().filter(|row| row.position.block == number);
    decode_opening(first.ok_or(SequencerError::Lost { what: "journal rows of a block" })?)
}

/// An indexed block as the chain in memory holds it.
pub(crate) fn chain_block(
    record: BlockRecord,
    opening: BlockOpening,
    ethereum: Option<Arc<EthereumParts>>,
) -> Result<ChainBlock, ReadError> {
    let number = record.header.number;
    let raws: Vec<_> = record.bodies.iter().cloned().collect();
    let mut transactions = Vec::with_capacity(raws.len());
    for (index, (raw, receipt)) in (0_u64..).zip(raws.iter().zip(record.receipts)) {
        transactions.push(included(number, index, raw, receipt)?);
    }
    let hash = record.hash;
    Ok(ChainBlock {
        reference: L2BlockRef {
            number,
            hash,
            parent_hash: record.header.parent_hash,
            timestamp: record.header.timestamp,
            origin: opening.origin.id(),
            sequence_number: opening.sequence_number,
        },
        header: record.header,
        hash,
        opening,
        transactions: transactions.into_iter().collect(),
        diff: Arc::new(record.diff),
        sub_block_lengths: record.bodies.journaled.iter().map(Vec::len).collect(),
        raw: record.bodies.journaled.into_iter().flatten().collect(),
        execution: Default::default(),
        ethereum,
        access_list: record.access_list.map(OnceLock::from).unwrap_or_default(),
        kept: Default::default(),
    })
}

/// An indexed transaction as the chain in memory holds it.
pub(crate) fn included(
    number: u64,
    index: u64,
    raw: &Bytes,
    receipt: IndexedReceipt,
) -> Result<Included, ReadError> {
    let undecodable = |source| ReadError::Body { number, index, source: Arc::new(source) };
    let (transaction, blob) = ethereum::decode(raw).map_err(undecodable)?;
    Ok(Included {
        transaction,
        hash: keccak256(raw),
        sender: receipt.sender,
        index,
        log_index_first: receipt.first_log_index,
        blob,
        outcome: TransactionOutcome {
            receipt: receipt.receipt,
            gas_used: receipt.gas_used,
            created: receipt.created,
            // Returned bytes and halts are not indexed; a trace gives them again.
            output: Bytes::new(),
            l1_fee: receipt.l1_fee,
            operator_fee: receipt.operator_fee,
            effective_gas_price: receipt.effective_gas_price,
            halt: None,
        },
    })
}
