//! Makes lies about a real chain: from a verifier's database, which is only read, and L1.

use std::sync::Arc;

use db::{Database, PgStateReader};
use executor::ChainSpec;
use l1::L1Source;
use protocol::RollupConfig;
use transition::ChainParameters;

use super::{
    LieKind,
    forge::{Forged, LieError, TrueBlock, Truth, forge},
};
use crate::{
    SegmentError, VerifierError,
    claims::ClaimReader,
    kept::KeptL1,
    restart::Points,
    segment::{derive_again, trie_after},
};

/// Makes lies.
#[derive(Debug)]
pub struct Forger {
    rollup: Arc<RollupConfig>,
    parameters: ChainParameters,
    database: Database,
    claims: ClaimReader,
    points: Points,
    stored: PgStateReader,
    l1: KeptL1,
}

impl Forger {
    /// Lies about the chain that a verifier has derived into this database.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn new(
        rollup: Arc<RollupConfig>,
        parameters: ChainParameters,
        database: &Database,
        l1: L1Source,
    ) -> std::io::Result<Self> {
        Ok(Self {
            claims: ClaimReader::new(rollup.clone(), database),
            points: Points::new(rollup.clone(), database),
            stored: PgStateReader::start(database.clone())?,
            database: database.clone(),
            rollup,
            parameters,
            l1: KeptL1 { source: l1, tables: db::VerifierStore::new(database.clone()) },
        })
    }

    /// What is true of the interval from after block `before` up to block `last`; `None` while it is not derived, or its state not stored.
    ///
    /// # Errors
    /// When what is true cannot be read.
    pub async fn truth(&self, before: u64, last: u64) -> Result<Option<Truth>, LieError> {
        let interval = self.claims.interval(before, last).await.map_err(cannot_read)?;
        let Some(interval) = interval else { return Ok(None) };
        let before = self.points.head(before).await.map_err(cannot_read)?;
        let hashes: Vec<_> = interval.blocks.iter().map(|block| block.claim.block_hash).collect();
        let derived =
            derive_again(&self.rollup, &self.l1, (before.head, before.claim.cursor), &hashes);
        let blocks = match derived.await {
            Ok(derived) => derived.into_iter().map(|block| {
                let block = *block;
                TrueBlock { inputs: block.inputs, cursor: block.cursor }
            }),
            Err(error) => return not_yet(error),
        };
        Ok(Some(Truth {
            spec: ChainSpec::from(self.rollup.as_ref()),
            segment_gas: self.parameters.segment_gas,
            parent: before.header,
            blocks: blocks.collect(),
            interval,
        }))
    }

    /// A lie of this kind about an interval, in block `from` of it or the first after that which has something of the kind.
    /// `None` while the state before the interval is not stored.
    ///
    /// # Errors
    /// When the interval has nothing of the kind, or something of it cannot be read.
    pub async fn lie(
        &self,
        kind: LieKind,
        truth: &Truth,
        (from, salt): (usize, u64),
    ) -> Result<Option<Forged>, LieError> {
        let trie = match trie_after(&self.database, truth.parent.number, 1).await {
            Ok(trie) => trie,
            Err(error) => return not_yet(error),
        };
        let (truth, stored) = (truth.clone(), self.stored.clone());
        let forging =
            tokio::task::spawn_blocking(move || forge(kind, &truth, trie, &stored, (from, salt)));
        let forged = forging.await.map_err(|_| {
            LieError::Truth(Box::new(VerifierError::Lost { what: "forging of a lie" }))
        })?;
        forged.map(Some)
    }
}

fn cannot_read(error: VerifierError) -> LieError {
    LieError::Truth(Box::new(error))
}

fn not_yet<T>(error: SegmentError) -> Result<Option<T>, LieError> {
    if error.is_temporary() {
        return Ok(None);
    }
    Err(LieError::Segment(Box::new(error)))
}
