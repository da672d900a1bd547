//! What the batcher reads: the heads, and the inputs of sealed blocks from the journal.
//!
//! Inputs come from the journal, not from the index, so posting never waits for the index. The log indexes of an
//! epoch's deposits come from L1, because the chain itself keeps only their hash. Invariant: blocks are returned
//! only if all of them are sealed and consecutive.

use alloy::primitives::{Bytes, Keccak256};
use db::{Database, Generation, HeadsStore, JournalReader, Position, SubBlock, VerifierStore};
use derivation::OriginBlock;
use l1::L1Reader;
use protocol::{BlockOpening, Heads};

use crate::BatcherError;

/// Journal rows that are fetched at a time.
const ROWS_MAX: u32 = 256;

/// The inputs of one sealed block.
#[derive(Debug, Clone)]
pub(crate) struct SealedInputs {
    pub(crate) opening: BlockOpening,
    pub(crate) deposit_log_indexes: Vec<u32>,
    pub(crate) transactions: Vec<Bytes>,
}

impl SealedInputs {
    /// Tells this block from others of the same number: the first bytes of a hash of all that a batch says of it.
    pub(crate) fn content(&self) -> u64 {
        let mut hasher = Keccak256::new();
        hasher.update(self.opening.encode());
        self.transactions.iter().for_each(|raw| hasher.update(raw));
        let digest = hasher.finalize();
        u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
    }

    /// Bytes of its user transactions.
    pub(crate) fn raw_bytes(&self) -> usize {
        self.transactions.iter().map(|raw| raw.len()).sum()
    }
}

/// Reads heads and blocks.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    journal: JournalReader,
    heads: HeadsStore,
    derived: VerifierStore,
    l1: L1Reader,
}

impl Source {
    pub(crate) fn new(database: &Database, l1: L1Reader) -> Self {
        Self {
            journal: JournalReader::new(database.clone()),
            heads: HeadsStore::new(database.clone()),
            derived: VerifierStore::new(database.clone()),
            l1,
        }
    }

    /// The newest L1 block that the sequencer's derivation has come to; zero before the first.
    pub(crate) async fn processed(&self) -> Result<u64, BatcherError> {
        let newest =
            self.derived.l1_blocks(u64::MAX, 1).await.map_err(BatcherError::ReadDerived)?;
        Ok(newest.first().map_or(0, |block| block.number))
    }

    /// The heads as the sequencer last wrote them; `None` before its first block.
    pub(crate) async fn heads(&self) -> Result<Option<Heads>, BatcherError> {
        self.heads.load().await.map_err(BatcherError::ReadHeads)
    }

    /// Every time the journal was cut back, oldest first: blocks from there on were built anew.
    pub(crate) async fn cuts(&self) -> Result<Vec<Generation>, BatcherError> {
        self.journal.generations().await.map_err(BatcherError::ReadJournal)
    }

    /// How many user transactions a block has.
    pub(crate) async fn transactions_of(&self, block: u64) -> Result<u64, BatcherError> {
        self.journal.transaction_count(block).await.map_err(BatcherError::ReadJournal)
    }

    /// Bytes of all blocks from this one on.
    pub(crate) async fn bytes_from(&self, first: u64) -> Result<u64, BatcherError> {
        let above = self.journal.payload_bytes_above(first.saturating_sub(1)).await;
        Ok(above.map_err(BatcherError::ReadJournal)? as u64)
    }

    /// The blocks from `first` to at most `last`, until their transactions have `raw_bytes_target` bytes.
    pub(crate) async fn blocks(
        &self,
        first: u64,
        last: u64,
        raw_bytes_target: usize,
    ) -> Result<Vec<SealedInputs>, BatcherError> {
        let mut blocks: Vec<SealedInputs> = Vec::new();
        let mut raw_bytes = 0;
        let mut from = Position { block: first, index: 0 };
        'rows: loop {
            let rows =
                self.journal.rows(from, ROWS_MAX).await.map_err(BatcherError::ReadJournal)?;
            let Some(end) = rows.last().map(|row| row.position) else { break };
            for row in rows {
                if row.position.index == 0
                    && (row.position.block > last || raw_bytes >= raw_bytes_target)
                {
                    break 'rows;
                }
                raw_bytes += row.payload.len();
                self.take(row, first, &mut blocks).await?;
            }
            from = Position { block: end.block, index: end.index + 1 };
        }
        Ok(blocks)
    }

    async fn take(
        &self,
        row: SubBlock,
        first: u64,
        blocks: &mut Vec<SealedInputs>,
    ) -> Result<(), BatcherError> {
        let block = row.position.block;
        let transactions = row.transactions().map_err(BatcherError::ReadJournal)?;
        let broken = |why| BatcherError::Journal { block, why };
        if row.position.index > 0 {
            let open = blocks.last_mut().filter(|open| open.opening.number == block);
            open.ok_or_else(|| broken("a sub-block without its opening"))?
                .transactions
                .extend(transactions);
            return Ok(());
        }
        if block != first + blocks.len() as u64 {
            return Err(broken("it does not follow the block before it"));
        }
        let opening = row.opening.ok_or_else(|| broken("the opening is missing"))?;
        let opening =
            BlockOpening::decode(&opening).map_err(|_| broken("the opening does not decode"))?;
        let deposit_log_indexes = self.deposit_log_indexes(&opening).await?;
        blocks.push(SealedInputs { opening, deposit_log_indexes, transactions });
        Ok(())
    }

    /// The log indexes of the deposits of an epoch, from the L1 block that the opening names.
    async fn deposit_log_indexes(&self, opening: &BlockOpening) -> Result<Vec<u32>, BatcherError> {
        if opening.sequence_number != 0 {
            return Ok(Vec::new());
        }
        let number = opening.origin.number;
        let l1 = self.l1.block(number).await;
        let l1 = l1.map_err(|source| BatcherError::L1 {
            what: "the origin of a block",
            source: Box::new(source),
        })?;
        if l1.origin.hash != opening.origin.hash {
            return Err(BatcherError::OriginGone { number, block: opening.number });
        }
        let origin =
            OriginBlock { origin: l1.origin, parent_hash: l1.parent_hash, messages: l1.messages };
        Ok(origin.deposit_log_indexes())
    }
}
