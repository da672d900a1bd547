//! Reads claims out of the verifier's database.
//!
//! Invariant: what is given is about one chain. While an L1 reorg takes blocks away, rows and headers of two chains can be
//! read one after the other; they name different hashes then, and nothing is given.

use std::sync::Arc;

use alloy::primitives::B256;
use db::{ChainReader, Database, DerivedRow, SealedHeader};
use derivation::{Cursor, DerivedHead};
use protocol::{Header, RollupConfig};
use transition::{BlockClaim, Claim, SliceClaim};

use super::{BlockClaims, Interval, block_claim};
use crate::VerifierError;

/// Blocks that are read at a time: after a long dispute an interval has a million and more.
const BLOCKS_PER_READ: u64 = 4_096;

/// Gives the claims of what is derived. Cheap to clone; an interval is some ten hashes for each block, and two queries for some
/// thousand of them.
#[derive(Debug, Clone)]
pub struct ClaimReader {
    rollup: Arc<RollupConfig>,
    chain: ChainReader,
    tables: db::VerifierStore,
}

impl ClaimReader {
    /// Reads a verifier's database.
    pub fn new(rollup: Arc<RollupConfig>, database: &Database) -> Self {
        let chain = ChainReader::new(database.clone());
        Self { rollup, chain, tables: db::VerifierStore::new(database.clone()) }
    }

    /// The claim after block 0.
    ///
    /// # Errors
    /// When the database does not answer, or lacks the block.
    pub async fn genesis(&self) -> Result<BlockClaim, VerifierError> {
        let header = self.chain.header(0).await.map_err(VerifierError::ReadIndex)?;
        let header = header.ok_or(VerifierError::BlockMissing { number: 0 })?;
        Ok(genesis_claim(&self.rollup, &header))
    }

    /// The interval that begins after block `before` and ends with block `last`; `None` while it is not derived, and if it has
    /// no blocks.
    ///
    /// # Errors
    /// When the database does not answer, or holds what nobody wrote.
    pub async fn interval(
        &self,
        before: u64,
        last: u64,
    ) -> Result<Option<Interval>, VerifierError> {
        let Some((parent, blocks)) = self.derived(before, last).await? else { return Ok(None) };
        if blocks.len() as u64 != last - before {
            return Ok(None);
        }
        // Ten hashes for each block are work for a processor.
        let tree = tokio::task::spawn_blocking(move || Interval::new(parent, blocks)).await;
        tree.map_err(|_| VerifierError::Lost { what: "hashing of claims" })
    }

    /// The hash of an L1 block from which everything was derived; `None` if that is not so yet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn l1_hash(&self, number: u64) -> Result<Option<B256>, VerifierError> {
        let genesis = self.rollup.genesis.l1;
        if number == genesis.number {
            return Ok(Some(genesis.hash));
        }
        let blocks = self.tables.l1_blocks(number, 1).await.map_err(VerifierError::Tables)?;
        Ok(blocks.first().filter(|block| block.number == number).map(|block| block.hash))
    }

    /// The claim after block `before`, and those about as many of the blocks behind it, up to block `last`, as are derived;
    /// `None` while that block is not, and if there are none behind it.
    ///
    /// # Errors
    /// When the database does not answer, or holds what nobody wrote.
    pub async fn derived(
        &self,
        before: u64,
        last: u64,
    ) -> Result<Option<(BlockClaim, Vec<BlockClaims>)>, VerifierError> {
        if last <= before {
            return Ok(None);
        }
        let claims = self.claims(before, last).await?.unwrap_or_default();
        let mut claims = claims.into_iter();
        let first = claims.next();
        Ok(first.map(|first| (first.claim, claims.collect())))
    }

    /// The claims about as many of blocks `first..=last` as are derived; `None` if what was read is of two chains.
    async fn claims(
        &self,
        first: u64,
        last: u64,
    ) -> Result<Option<Vec<BlockClaims>>, VerifierError> {
        let (mut claims, mut next) = (Vec::new(), first);
        while next <= last {
            let end = std::cmp::min(last, next.saturating_add(BLOCKS_PER_READ - 1));
            let before = claims.last().map(|before: &BlockClaims| before.claim.block_hash);
            let Some(read) = self.claims_read(next, end, before).await? else { return Ok(None) };
            let is_last = (read.len() as u64) < BLOCKS_PER_READ;
            claims.extend(read);
            if is_last {
                break;
            }
            next = end.saturating_add(1);
        }
        Ok(Some(claims))
    }

    /// The same, read at once. `before` is the hash of the block before the first, where it is known.
    async fn claims_read(
        &self,
        first: u64,
        last: u64,
        mut before: Option<B256>,
    ) -> Result<Option<Vec<BlockClaims>>, VerifierError> {
        let rows = self.tables.derived_blocks(std::cmp::max(first, 1), last);
        let rows = rows.await.map_err(VerifierError::Tables)?;
        let limit = u32::try_from(last - first + 1).unwrap_or(u32::MAX);
        let headers = self.chain.headers(first, limit).await.map_err(VerifierError::ReadIndex)?;
        let mut claims = Vec::with_capacity(headers.len());
        let mut headers = headers.into_iter().peekable();
        if let Some(genesis) = headers.next_if(|header| header.header.number == 0) {
            let claim = genesis_claim(&self.rollup, &genesis);
            claims.push(BlockClaims { slices: Vec::new(), claim });
        }
        for (header, row) in headers.zip(&rows) {
            let goes_on = before.is_none_or(|before| before == header.header.parent_hash);
            if header.hash != row.block.hash || !goes_on {
                return Ok(None);
            }
            before = Some(header.hash);
            claims.push(claims_of(row, &header.header)?);
        }
        Ok(Some(claims))
    }
}

fn genesis_claim(rollup: &RollupConfig, header: &SealedHeader) -> BlockClaim {
    let head = DerivedHead::genesis(rollup, header.hash);
    block_claim(&head.block, &header.header, Cursor::genesis(rollup.genesis.l1.number))
}

/// The claims about a block from its row and its header.
pub(crate) fn claims_of(row: &DerivedRow, header: &Header) -> Result<BlockClaims, VerifierError> {
    let broken = || VerifierError::Claims { number: row.block.number };
    let stored = row.claims.as_ref().ok_or_else(broken)?;
    let slice = |bytes: &alloy::primitives::Bytes| match Claim::decode(bytes) {
        Some(Claim::Slice(slice)) => Ok::<SliceClaim, VerifierError>(*slice),
        _ => Err(broken()),
    };
    let slices = stored.slices.iter().map(slice).collect::<Result<_, _>>()?;
    let cursor = Cursor {
        l1_number: stored.cursor_l1,
        entries: stored.cursor_entries,
        blocks: stored.cursor_blocks,
    };
    Ok(BlockClaims { slices, claim: block_claim(&row.block, header, cursor) })
}
