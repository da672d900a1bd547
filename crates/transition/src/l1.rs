//! L1 as a run sees it: the inbox entries, messages and headers that hang on what the dispute pinned, and of these no more
//! than the next L2 block can depend on.
//!
//! Not here: what follows from them (`derive`). Invariant: nothing is believed that does not hang on the pinned words.

mod entries;
mod header;
mod headers;
mod messages;

use alloy_primitives::{B256, U256};

pub(crate) use self::{
    entries::Entries,
    header::{L1Header, origin},
    headers::Headers,
    messages::Messages,
};
use crate::{Invalid, LocalInput, Missing, PreimageKey, Preimages, halt::Halt};

/// What the dispute pinned: L1 as it stood when the proposal was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    pub(crate) batch_accumulator: B256,
    pub(crate) message_accumulator: B256,
    /// The L1 block of the proposal, of which nothing is known but its number and what was posted before the proposal.
    pub(crate) l1_number: u64,
    pub(crate) l1_parent_hash: B256,
}

impl Pin {
    pub(crate) fn read(host: &impl Preimages) -> Result<Self, Halt> {
        Ok(Self {
            batch_accumulator: local(host, LocalInput::BatchAccumulator)?,
            message_accumulator: local(host, LocalInput::MessageAccumulator)?,
            l1_number: local_number(host, LocalInput::L1Number)?,
            l1_parent_hash: local(host, LocalInput::L1ParentHash)?,
        })
    }
}

/// A word that the dispute fixes.
pub(crate) fn local(host: &impl Preimages, input: LocalInput) -> Result<B256, Halt> {
    host.local(input).ok_or(Halt::Missing(Missing(PreimageKey::Local(input))))
}

fn local_number(host: &impl Preimages, input: LocalInput) -> Result<u64, Halt> {
    let word = U256::from_be_bytes(local(host, input)?.0);
    u64::try_from(word).map_err(|_| Invalid::Pin.into())
}
