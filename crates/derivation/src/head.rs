//! The head of the derived chain, and what the next block on it looks like.
//!
//! Not here: whether a block is allowed (`plan`), or chosen (`selector`).
//! Invariant: everything in an opening follows from the head and the origin.
use alloy_primitives::B256;
use protocol::{BlockOpening, L2BlockRef, RollupConfig, SystemConfig};

use crate::OriginBlock;

/// An L2 block together with the configuration that holds at its end.
///
/// This is all of the L2 chain that derivation needs to go on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DerivedHead {
    /// The block.
    pub block: L2BlockRef,
    /// The configuration after the updates of the block's origin.
    pub system_config: SystemConfig,
}

impl DerivedHead {
    /// L2 block 0 of the chain. Its hash follows from the state that the configuration allocates.
    pub fn genesis(config: &RollupConfig, hash: B256) -> Self {
        Self {
            block: L2BlockRef {
                number: 0,
                hash,
                parent_hash: B256::ZERO,
                timestamp: config.genesis.timestamp,
                origin: config.genesis.l1,
                sequence_number: 0,
            },
            system_config: config.genesis.system_config,
        }
    }

    /// The timestamp of the next block.
    ///
    /// Saturates: a chain at the end of `u64` goes on, instead of stopping everybody who derives it.
    pub const fn next_timestamp(&self, config: &RollupConfig) -> u64 {
        self.block.timestamp.saturating_add(config.block_time)
    }

    /// Opens the next block with this origin, which is that of the head or the one after it.
    ///
    /// When the origin advances, the configuration updates of the new origin hold from this block on.
    pub fn open_next(&self, config: &RollupConfig, origin: &OriginBlock) -> BlockOpening {
        let advances = origin.origin.number != self.block.origin.number;
        let mut system_config = self.system_config;
        if advances {
            origin.apply_config_updates(&mut system_config);
        }
        BlockOpening {
            number: self.block.number.saturating_add(1),
            parent_hash: self.block.hash,
            timestamp: self.next_timestamp(config),
            origin: origin.origin,
            sequence_number: if advances {
                0
            } else {
                self.block.sequence_number.saturating_add(1)
            },
            system_config,
        }
    }

    /// The head after the block with this opening was executed and got this hash.
    pub const fn after(opening: &BlockOpening, hash: B256) -> Self {
        Self {
            block: L2BlockRef {
                number: opening.number,
                hash,
                parent_hash: opening.parent_hash,
                timestamp: opening.timestamp,
                origin: opening.origin.id(),
                sequence_number: opening.sequence_number,
            },
            system_config: opening.system_config,
        }
    }
}
