//! The trie of the state after an older block: built anew from the state tables, and taken back by the undo diffs of the
//! index.
//!
//! Nothing is held for it while nobody disputes. During a dispute it costs as much memory as the trie that the verifier has
//! anyway, until the segment's preimages are found; building it takes seconds for each ten million accounts. Diffs are read
//! in pieces, so how far it goes back costs time, not memory.

use db::{Database, Index, StateScan};
use state::StateTrie;

use super::SegmentError;
use crate::{VerifierError, restart::scan_trie};

/// Blocks whose undo diffs are merged and applied at once.
const UNDO_BLOCKS: u64 = 64;

/// The trie of the state after block `number`.
pub(crate) async fn trie_after(
    database: &Database,
    number: u64,
    threads: usize,
) -> Result<StateTrie, SegmentError> {
    let scan = StateScan::begin(database).await.map_err(VerifierError::Scan)?;
    let stored = scan.block();
    let Some(mut above) = stored.filter(|stored| *stored >= number) else {
        return Err(SegmentError::StateBehind { number, stored });
    };
    let mut trie = scan_trie(scan, threads).await?;
    let index = Index::new(database.clone());
    while above > number {
        let floor = std::cmp::max(number, above.saturating_sub(UNDO_BLOCKS));
        let undo = index.undo_between(floor, above).await.map_err(VerifierError::Index)?;
        let applying = tokio::task::spawn_blocking(move || {
            trie.apply(&undo);
            trie
        });
        trie = applying.await.map_err(|_| SegmentError::CutOff)?;
        above = floor;
    }
    Ok(trie)
}
