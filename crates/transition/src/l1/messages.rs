//! The messages of the L1 blocks that the next blocks can have as origins, found by walking the message accumulator back
//! from its pinned value.
//!
//! Invariant: the messages of an L1 block are in the order in which they were sent.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Bytes};
use protocol::{DepositMessage, L1Message};

use super::Pin;
use crate::{
    Invalid, Missing, PreimageKey, Preimages,
    halt::{Halt, keccak},
};

/// Bytes of a link of the accumulator.
const LINK_BYTES: usize = 80;
/// First byte of a deposit.
const KIND_DEPOSIT: u8 = 0;

/// Hashes of messages, each with the number of its L1 block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Messages(Vec<(u64, B256)>);

impl Messages {
    /// Walks the accumulator back. Keeps the messages of L1 blocks above `after`, up to `last`.
    pub(crate) fn walk(
        host: &impl Preimages,
        pin: &Pin,
        after: u64,
        last: u64,
    ) -> Result<Self, Halt> {
        let mut messages = Vec::new();
        let mut accumulator = pin.message_accumulator;
        while accumulator != B256::ZERO {
            let link = keccak(host, &accumulator)?;
            let malformed = Halt::Invalid(Invalid::Accumulator("message chain"));
            let (before, l1_number, hash) = decode(&link).ok_or(malformed)?;
            if l1_number <= after {
                break;
            }
            if l1_number <= last {
                messages.push((l1_number, hash));
            }
            accumulator = before;
        }
        messages.reverse();
        Ok(Self(messages))
    }

    /// The messages of one L1 block.
    pub(crate) fn sent_in(
        &self,
        host: &impl Preimages,
        l1_number: u64,
    ) -> Result<Vec<L1Message>, Halt> {
        let messages = self.hashes(l1_number).map(|hash| {
            let bytes = keccak(host, &hash)?;
            L1Message::decode(&bytes).map_err(|_| Invalid::Accumulator("message chain").into())
        });
        messages.collect()
    }

    /// As many empty deposits as the L1 block has deposits: all that a batch whose later blocks have it as their origin is
    /// asked for (B8).
    pub(crate) fn deposits_in(
        &self,
        host: &impl Preimages,
        l1_number: u64,
    ) -> Result<Vec<L1Message>, Halt> {
        let mut deposits = Vec::new();
        for hash in self.hashes(l1_number) {
            let missing = Halt::Missing(Missing(PreimageKey::Keccak(hash)));
            if host.keccak_head(&hash).ok_or(missing)?[0] == KIND_DEPOSIT {
                let (from, to) = (Address::ZERO, Address::ZERO);
                let deposit = DepositMessage { from, to, opaque_data: Bytes::new() };
                deposits.push(L1Message::Deposit(deposit));
            }
        }
        Ok(deposits)
    }

    fn hashes(&self, l1_number: u64) -> impl Iterator<Item = B256> {
        let from = self.0.partition_point(|(number, _)| *number < l1_number);
        let to = self.0.partition_point(|(number, _)| *number <= l1_number);
        self.0.get(from..to).unwrap_or_default().iter().map(|(_, hash)| *hash)
    }
}

/// The accumulator before a message, the number of its L1 block, and its hash.
fn decode(link: &[u8]) -> Option<(B256, u64, B256)> {
    if link.len() != LINK_BYTES {
        return None;
    }
    let word = |at: usize| link.get(at..at + 32).map(B256::from_slice);
    let l1_number = u64::from_be_bytes(link.get(32..40)?.try_into().ok()?);
    Some((word(0)?, l1_number, word(48)?))
}
