//! What the doors read: memory first, then Postgres.
//!
//! Not here: encodings of RPC answers. Invariant: nothing that is not durable is shown as part of a block; only
//! the open block shows what is executed and not durable yet.

use std::sync::Arc;

use alloy::primitives::B256;
use db::{
    ChainReader, Database, History, Index, IndexedTransaction, JournalReader, TransactionPosition,
};
use executor::BlockRules;
use protocol::{BlockOpening, Header, Heads, RollupConfig};

use super::{
    At, ChainBlock, ChainStore, Located, PendingBlock, ReadError, State, StateOutlook,
    cache::BlockCache,
    ethereum,
    ethereum::{EthereumChain, EthereumParts},
};
use crate::{builder::RootHandle, config::ReaderConfig};

/// The chain as the doors see it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ChainView {
    store: Arc<ChainStore>,
    rollup: Arc<RollupConfig>,
    database: Database,
    index: Index,
    journal: JournalReader,
    reader: ChainReader,
    history: History,
    cache: Arc<BlockCache>,
    root: RootHandle,
    /// The chain is of this kind, and not a rollup's.
    ethereum: Option<Arc<EthereumChain>>,
}

impl ChainView {
    pub(crate) fn new(
        store: Arc<ChainStore>,
        rollup: Arc<RollupConfig>,
        database: Database,
        root: RootHandle,
        limits: &ReaderConfig,
    ) -> Self {
        let index = Index::new(database.clone());
        let journal = JournalReader::new(database.clone());
        let reader = ChainReader::new(database.clone());
        let history = History::new(database.clone(), limits.history_cache_bytes_max);
        let cache = Arc::new(BlockCache::new(database.clone(), limits.block_cache_bytes_max));
        let ethereum = None;
        Self { store, rollup, database, index, journal, reader, history, cache, root, ethereum }
    }

    /// The same for a chain of another kind.
    #[cfg(test)]
    pub(crate) fn of_ethereum(self, chain: Arc<EthereumChain>) -> Self {
        Self { ethereum: Some(chain), ..self }
    }

    /// The chain, where it is not a rollup's.
    pub const fn ethereum(&self) -> Option<&Arc<EthereumChain>> {
        self.ethereum.as_ref()
    }

    /// What an indexed block was opened with, and what it has besides where the chain is not a rollup's.
    async fn opened(
        &self,
        header: &Header,
    ) -> Result<(BlockOpening, Option<Arc<EthereumParts>>), ReadError> {
        let number = header.number;
        if let Some(chain) = &self.ethereum {
            return Ok((ethereum::opening(header), chain.parts(number).cloned()));
        }
        let opening = crate::restart::opening_of(&self.journal, &self.rollup, number).await;
        Ok((opening.map_err(|_| ReadError::BlockUnknown { number })?, None))
    }

    /// All heads.
    pub fn heads(&self) -> Heads {
        self.store.heads()
    }

    /// The newest durable block.
    pub fn latest(&self) -> Arc<ChainBlock> {
        self.store.latest()
    }

    /// The open block, if one is open. It is built on [`ChainStore::newest`], which may be one ahead of latest.
    pub fn pending(&self) -> Option<Arc<PendingBlock>> {
        self.store.pending()
    }

    /// The recent chain in memory.
    pub const fn store(&self) -> &Arc<ChainStore> {
        &self.store
    }

    /// The chain's rules.
    pub const fn rollup(&self) -> &Arc<RollupConfig> {
        &self.rollup
    }

    /// What the index answers, for whatever is not in memory.
    pub const fn reader(&self) -> &ChainReader {
        &self.reader
    }

    /// The database, for logs, history and whatever else is not in memory.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// A durable block; `None` if the chain does not have it.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn block(&self, number: u64) -> Result<Option<Arc<ChainBlock>>, ReadError> {
        if number > self.heads().unsafe_head().number {
            return Ok(None);
        }
        if let Some(block) = self.store.block(number) {
            return Ok(Some(block));
        }
        let round = self.cache.round();
        if let Some(block) = round.block(number) {
            return Ok(Some(block));
        }
        let reading = self.index.block(number).await;
        let Some(record) = reading.map_err(ReadError::index("a block"))? else { return Ok(None) };
        let (opening, parts) = self.opened(&record.header).await?;
        let block = Arc::new(crate::restart::chain_block(record, opening, parts)?);
        round.keep_block(&block);
        Ok(Some(block))
    }

    /// A durable block that must be there.
    ///
    /// # Errors
    /// When it is not, or Postgres does not answer.
    pub async fn require(&self, number: u64) -> Result<Arc<ChainBlock>, ReadError> {
        self.block(number).await?.ok_or(ReadError::BlockUnknown { number })
    }

    /// The same by hash.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn block_by_hash(&self, hash: B256) -> Result<Option<Arc<ChainBlock>>, ReadError> {
        if let Some(block) = self.store.block_by_hash(&hash) {
            return Ok(Some(block));
        }
        if let Some(number) = self.cache.round().number(hash) {
            return self.block(number).await.map(|found| found.filter(|block| block.hash == hash));
        }
        let found = self.reader.header_by_hash(hash).await;
        match found.map_err(ReadError::database("a block"))? {
            // Another block may have taken its place meanwhile.
            Some(sealed) => {
                let found = self.block(sealed.header.number).await?;
                Ok(found.filter(|block| block.hash == hash))
            }
            None => Ok(None),
        }
    }

    /// A durable transaction by hash.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn transaction(&self, hash: B256) -> Result<Option<Located>, ReadError> {
        if let Some(located) = self.store.transaction(&hash) {
            return Ok(Some(located));
        }
        let round = self.cache.round();
        if let Some(located) = round.transaction(hash) {
            return Ok(Some(located));
        }
        let found = self.reader.transaction(hash).await;
        let Some(found) = found.map_err(ReadError::database("a transaction"))? else {
            return Ok(None);
        };
        let located = self.located(found).await?;
        round.keep_transaction(&located);
        Ok(Some(located))
    }

    /// The transaction of a durable block at a place.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn transaction_at(
        &self,
        position: TransactionPosition,
    ) -> Result<Option<Located>, ReadError> {
        if let Some(block) = self.store.block(position.block) {
            return Ok(block.located(position.index as usize));
        }
        let found = self.reader.transaction_at(position).await;
        match found.map_err(ReadError::database("a transaction"))? {
            Some(found) => self.located(found).await.map(Some),
            None => Ok(None),
        }
    }

    /// An indexed transaction as memory has it.
    async fn located(&self, found: IndexedTransaction) -> Result<Located, ReadError> {
        let number = found.block.header.number;
        let (opening, parts) = match &self.ethereum {
            None => (opening_of(&found)?, None),
            Some(_) => self.opened(&found.block.header).await?,
        };
        let (index, raw, receipt) = (found.index.into(), found.raw, found.receipt);
        let included = crate::restart::included(number, index, &raw, receipt)?;
        Ok(Located {
            included: included.into(),
            block_number: number,
            timestamp: found.block.header.timestamp,
            base_fee: found.block.header.base_fee_per_gas.unwrap_or_default(),
            opening,
            rules: parts.map_or(BlockRules::Rollup, |parts| BlockRules::Ethereum(parts.rules)),
            block_hash: Some(found.block.hash),
        })
    }

    /// The state at a block, for reading on a thread that may block.
    ///
    /// # Errors
    /// When the chain has no such block, or Postgres does not answer.
    pub async fn state(&self, at: At) -> Result<State, ReadError> {
        let number = match at {
            At::Pending => return Ok(State::Recent(self.store.pending_state())),
            At::Head(level) => self.heads().head(level).number,
            At::Number(number) => number,
        };
        if number > self.heads().unsafe_head().number {
            return Err(ReadError::BlockUnknown { number });
        }
        if let Some(view) = self.store.state_after(number) {
            return Ok(State::Recent(view));
        }
        let history = self.history.at(number).await.map_err(ReadError::history)?;
        Ok(State::Historic(Box::new(history.blocking(tokio::runtime::Handle::current()))))
    }

    /// The trie as it was after a block.
    pub fn outlook(&self, number: u64) -> StateOutlook {
        StateOutlook::new(self.store.clone(), self.index.clone(), self.root.clone(), number)
    }
}

/// What the block of a transaction was opened with.
fn opening_of(found: &IndexedTransaction) -> Result<BlockOpening, ReadError> {
    let header = &found.block.header;
    let opening = found.opening.as_ref().and_then(|bytes| BlockOpening::decode(bytes).ok());
    // The row is not read whole, so its checksum says nothing; the header does.
    let is_of_block = |opening: &BlockOpening| {
        (opening.number, opening.parent_hash, opening.timestamp)
            == (header.number, header.parent_hash, header.timestamp)
    };
    opening.filter(is_of_block).ok_or(ReadError::BlockUnknown { number: header.number })
}
