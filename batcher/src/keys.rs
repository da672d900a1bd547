//! The keys of what is posted, and the records that have them.

use db::{Coverage, Database, Fence, OutboxEntry, OutboxError};
use l1::LocalSigner;
use outbox::Outbox;

use crate::part::{PART_PREFIX, PartKey};

/// The outbox of who posts.
pub(crate) fn open(database: &Database, fence: Fence, signer: &LocalSigner) -> Outbox {
    Outbox::new(database, fence, signer.address(), coverage)
}

/// The newest entries that post batches and parts of blocks, by rising number.
pub(crate) async fn postings(outbox: &Outbox) -> Result<Vec<OutboxEntry>, OutboxError> {
    let mut entries = outbox.entries("batch/").await?;
    entries.extend(outbox.entries(PART_PREFIX).await?);
    entries.sort_unstable_by_key(|entry| entry.id);
    Ok(entries)
}

/// The key of a batch; `attempt` counts how often its first block was posted before.
pub(crate) fn batch_key(first: u64, last: u64, attempt: usize) -> String {
    format!("batch/{first}-{last}/{attempt}")
}

/// What a key covers. The first part of a block stands for the whole of it, so that no other record that may still land
/// posts the block; the others go with it.
pub(crate) fn coverage(key: &str) -> Coverage {
    if let Some(part) = PartKey::parse(key) {
        return match part.skip {
            0 => Coverage::Batch { first: part.block, last: part.block },
            _ => Coverage::Other,
        };
    }
    let batch = || {
        let (blocks, _) = key.strip_prefix("batch/")?.split_once('/')?;
        let (first, last) = blocks.split_once('-')?;
        Some(Coverage::Batch { first: first.parse().ok()?, last: last.parse().ok()? })
    };
    batch().unwrap_or(Coverage::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_what_they_cover() {
        assert_eq!(coverage(&batch_key(3, 17, 2)), Coverage::Batch { first: 3, last: 17 });
        let part = "part/5/0/0-9-20/00000000000000ff/blobs";
        assert_eq!(coverage(part), Coverage::Batch { first: 5, last: 5 });
        assert_eq!(coverage(&part.replace("0-9-20", "9-20-20")), Coverage::Other);
        for other in ["batch/3/1", "batch/a-b/0", "batch/3-4", "fill/7"] {
            assert_eq!(coverage(other), Coverage::Other, "{other}");
        }
    }
}
