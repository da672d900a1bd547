//! A part of a block as a record of the outbox: its key says all that a batcher needs to go on after a restart.
//!
//! Not here: whether to go on (`poster::chain`). Invariant: a key reads back as it was written; records of one attempt
//! that name another content, number of transactions or carrier belong to different blocks.

use std::fmt;

use crate::Carrier;

/// Prefix of the keys of all parts.
pub(crate) const PART_PREFIX: &str = "part/";

/// Which transactions of which block a record posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartKey {
    /// The block.
    pub(crate) block: u64,
    /// How often the block was posted before.
    pub(crate) attempt: usize,
    /// Transactions in the parts before.
    pub(crate) skip: u32,
    /// Transactions in the parts up to this one.
    pub(crate) end: u32,
    /// Transactions of the block.
    pub(crate) total: u32,
    /// Tells the block from another one of the same number, which an L1 reorg may bring.
    pub(crate) content: u64,
    /// Where the bytes of all its parts go. Nodes do not hold transactions of both kinds from one account.
    pub(crate) carrier: Carrier,
}

impl PartKey {
    /// The part that a key names; `None` for keys of other things.
    pub(crate) fn parse(key: &str) -> Option<Self> {
        let fields: Vec<&str> = key.strip_prefix(PART_PREFIX)?.split('/').collect();
        let [block, attempt, range, content, carrier] = fields[..] else { return None };
        let numbers: Vec<&str> = range.split('-').collect();
        let [skip, end, total] = numbers[..] else { return None };
        Some(Self {
            block: block.parse().ok()?,
            attempt: attempt.parse().ok()?,
            skip: skip.parse().ok()?,
            end: end.parse().ok()?,
            total: total.parse().ok()?,
            content: u64::from_str_radix(content, 16).ok()?,
            carrier: match carrier {
                "blobs" => Carrier::Blobs,
                "calldata" => Carrier::Calldata,
                _ => return None,
            },
        })
    }

    /// Whether the block ends with it.
    pub(crate) const fn is_last(&self) -> bool {
        self.end == self.total
    }

    /// Whether it comes right after `before` in one attempt at one block.
    pub(crate) fn follows(&self, before: &Self) -> bool {
        let same = Self { skip: before.skip, end: before.end, ..*self };
        same == *before && self.skip == before.end
    }
}

impl fmt::Display for PartKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { block, attempt, skip, end, total, content, carrier } = self;
        let carrier = match carrier {
            Carrier::Blobs => "blobs",
            Carrier::Calldata => "calldata",
        };
        write!(
            formatter,
            "{PART_PREFIX}{block}/{attempt}/{skip}-{end}-{total}/{content:016x}/{carrier}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_stays_short() {
        for (skip, carrier) in [(0, Carrier::Blobs), (u32::MAX, Carrier::Calldata)] {
            let key = PartKey {
                block: u64::MAX,
                attempt: usize::MAX,
                skip,
                end: u32::MAX,
                total: u32::MAX,
                content: 7,
                carrier,
            };
            let text = key.to_string();
            assert_eq!(PartKey::parse(&text), Some(key));
            assert!(text.len() <= l1::tx::KEY_BYTES_MAX, "{text}");
        }
        for other in ["batch/1-2/0", "part/1/0/0-5/0/blobs", "part/1/0/0-5-9/0/else", "part/"] {
            assert_eq!(PartKey::parse(other), None, "{other}");
        }
    }
}
