//! What derivation takes from one L1 block, and what of it an epoch takes.
//!
//! Not here: the bytes of batches and messages (`protocol`), and how they are read from L1 (`l1`).
//! Invariant: the deposits of an epoch are a function of the L1 block and the hints alone.
use alloc::vec::Vec;

use alloy_primitives::B256;

use protocol::{
    BlockId, L1Message, L1Origin, PostedBatch, SystemConfig, TxDeposit, user_deposit_source_hash,
};

/// One L1 block, as far as the rollup is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1Block {
    /// The fields that L2 blocks with this origin take from it.
    pub origin: L1Origin,
    /// Hash of the L1 block before it.
    pub parent_hash: B256,
    /// The batches posted in it, in log order.
    pub batches: Vec<PostedBatch>,
    /// The messages sent in it, in log order, each with its log index in the L1 block.
    pub messages: Vec<(u32, L1Message)>,
}

impl L1Block {
    /// Number and hash.
    pub const fn id(&self) -> BlockId {
        self.origin.id()
    }
}

/// An L1 block as an origin: what the L2 blocks of its epoch take from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginBlock {
    /// The fields that the L1 attributes carry.
    pub origin: L1Origin,
    /// Hash of the L1 block before it.
    pub parent_hash: B256,
    /// The messages of the epoch, in log order, each with its log index in the L1 block.
    pub messages: Vec<(u32, L1Message)>,
}

impl OriginBlock {
    /// Number and hash.
    pub const fn id(&self) -> BlockId {
        self.origin.id()
    }

    /// How many deposit messages the epoch has, and so how many hints a batch must give.
    pub fn deposit_count(&self) -> usize {
        self.messages.iter().filter(|(_, message)| is_deposit(message)).count()
    }

    /// The true log indexes of the deposits: the hints that an honest batch carries.
    pub fn deposit_log_indexes(&self) -> Vec<u32> {
        let deposits = self.messages.iter().filter(|(_, message)| is_deposit(message));
        deposits.map(|(log_index, _)| *log_index).collect()
    }

    /// The deposits of the epoch under the hints of a batch, one per deposit message.
    ///
    /// A message that does not form a deposit is skipped. The Portal lets no such message through,
    /// but the rule must have a result for it.
    pub fn deposits(&self, hints: &[u32]) -> Vec<TxDeposit> {
        let deposits = self.messages.iter().filter(|(_, message)| is_deposit(message));
        self.form(deposits.map(|(_, message)| message).zip(hints.iter().map(|&hint| hint.into())))
    }

    /// The deposits of the epoch when no batch names them: each message's number within the L1 block,
    /// counted over messages of both kinds, stands in for the log index.
    pub fn forced_deposits(&self) -> Vec<TxDeposit> {
        self.form(self.messages.iter().map(|(_, message)| message).zip(0_u64..))
    }

    /// Applies the configuration updates of the epoch, in log order.
    pub fn apply_config_updates(&self, system_config: &mut SystemConfig) {
        for (_, message) in &self.messages {
            if let L1Message::Config(update) = message {
                system_config.apply(update);
            }
        }
    }

    fn form<'a>(&self, numbered: impl Iterator<Item = (&'a L1Message, u64)>) -> Vec<TxDeposit> {
        let formed = numbered.filter_map(|(message, log_index)| match message {
            L1Message::Deposit(deposit) => {
                deposit.to_deposit(user_deposit_source_hash(self.origin.hash, log_index)).ok()
            }
            L1Message::Config(_) => None,
        });
        formed.collect()
    }
}

const fn is_deposit(message: &L1Message) -> bool {
    matches!(message, L1Message::Deposit(_))
}
