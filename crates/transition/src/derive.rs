//! The inputs of the next L2 block: derivation, fed with as much of the pinned L1 as the block can depend on.
//!
//! No rule of derivation is here: the machine of `crates/derivation` goes on from the previous claim's cursor, as it would
//! for a verifier. What this adds is which bytes are worth asking for: an entry that declares another first block than the
//! next is absent without being opened, and of most L1 blocks only the number of deposits can matter.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use derivation::{
    Cursor, Derivation, DerivedBlock, DerivedHead, L1Block, POSTINGS_WEIGHT_MAX, Step,
    posting_weight,
};
use protocol::{L1Origin, RollupConfig, batch::BLOCK_PARTS_MAX};

use crate::{
    Invalid, Preimages,
    halt::Halt,
    l1::{Entries, Headers, Messages, Pin, origin},
};

/// Derives the block after `head`, where derivation stood at `cursor`.
pub(crate) fn next_block(
    host: &impl Preimages,
    config: &Arc<RollupConfig>,
    head: &DerivedHead,
    cursor: Cursor,
) -> Result<Box<DerivedBlock>, Halt> {
    let mut view = View::read(host, config, head, cursor)?;
    let mut machine = if cursor.is_genesis(head) {
        Derivation::resume(Arc::clone(config), *head, head.block.origin)
    } else {
        let number = cursor.l1_number.checked_sub(1).ok_or(Invalid::Cursor)?;
        let start = protocol::BlockId { number, hash: view.headers.hash(host, number)? };
        Derivation::resume_within(Arc::clone(config), *head, start, cursor)
    }
    .map_err(|_| Invalid::Cursor)?;
    loop {
        match machine.step() {
            Step::NeedL1 { number } => {
                let block = view.block(host, config, number)?;
                machine.add_l1(block).map_err(|_| Invalid::L1)?;
            }
            Step::Execute(block) => return Ok(block),
            Step::Absent(_) | Step::Processed(_) => {}
        }
    }
}

/// What can matter for one L2 block of the pinned L1.
struct View {
    pin: Pin,
    /// Number of the head's origin.
    origin: u64,
    headers: Headers,
    entries: Entries,
    messages: Messages,
    /// Whether a batch has to be checked, and so deposits of other origins than the next to be counted.
    counts_deposits: bool,
}

impl View {
    fn read(
        host: &impl Preimages,
        config: &RollupConfig,
        head: &DerivedHead,
        cursor: Cursor,
    ) -> Result<Self, Halt> {
        let pin = Pin::read(host)?;
        let origin = head.block.origin;
        let mut headers = Headers::default();
        if let Some(parent) = pin.l1_number.checked_sub(1) {
            headers.trust(parent, pin.l1_parent_hash);
        }
        // Behind this L1 block the next L2 block would have been forced, whatever is its origin.
        let forced = origin.number.saturating_add(config.sequencing_window).saturating_add(2);
        let last = core::cmp::max(cursor.l1_number, forced);
        let mut entries = Entries::walk(host, &pin, origin.number, last, &mut headers)?;
        let messages = Messages::walk(host, &pin, origin.number, last)?;
        // Whether this is the origin on the pinned L1 is checked when its child is added.
        headers.trust(origin.number, origin.hash);
        let counts_deposits = want(&mut entries, head, cursor)?;
        Ok(Self { pin, origin: origin.number, headers, entries, messages, counts_deposits })
    }

    /// An L1 block, as far as it can matter.
    fn block(
        &mut self,
        host: &impl Preimages,
        config: &RollupConfig,
        number: u64,
    ) -> Result<L1Block, Halt> {
        if number > self.pin.l1_number {
            return Err(Invalid::NotDerivable { l1_number: self.pin.l1_number }.into());
        }
        let batches = self.entries.posted_in(host, number)?;
        if number == self.pin.l1_number {
            // It is no origin of anything that can be derived in this view, and so nothing else of it matters.
            let origin = L1Origin { number, ..L1Origin::default() };
            let parent_hash = self.pin.l1_parent_hash;
            return Ok(L1Block { origin, parent_hash, batches, messages: Vec::new() });
        }
        let header = self.headers.get(host, number)?;
        let messages = match number.checked_sub(self.origin) {
            Some(1) => self.messages.sent_in(host, number)?,
            Some(2..) if self.counts_deposits => self.messages.deposits_in(host, number)?,
            _ => Vec::new(),
        };
        // Log indexes are not on chain. They raise alarms and decide nothing.
        let messages = messages.into_iter().map(|message| (0, message)).collect();
        let (origin, parent_hash) = (origin(config, &header), header.parent_hash);
        Ok(L1Block { origin, parent_hash, batches, messages })
    }
}

/// Marks the entries whose bytes can matter: that in work; else those behind the cursor that declare the next block as
/// their first, and those right before it that may be parts of the next block. Whether there are any behind the cursor.
fn want(entries: &mut Entries, head: &DerivedHead, cursor: Cursor) -> Result<bool, Halt> {
    let entries = &mut entries.0;
    let from = entries.partition_point(|entry| entry.entry.l1_number < cursor.l1_number);
    let to = entries.partition_point(|entry| entry.entry.l1_number <= cursor.l1_number);
    let seen = match usize::try_from(cursor.entries) {
        Ok(seen) if cursor.entries != Cursor::ALL => from.saturating_add(seen),
        _ => to,
    };
    if seen > to {
        return Err(Invalid::Cursor.into());
    }
    let (seen, behind) = entries.split_at_mut(seen);
    if cursor.blocks > 0 {
        seen.last_mut().ok_or(Invalid::Cursor)?.is_wanted = true;
        return Ok(false);
    }
    let Some(next) = head.block.number.checked_add(1) else { return Ok(false) };
    // Those behind so many are absent unseen (B11). All that were walked to stand above the head's origin.
    let rivals = seen.iter().filter(|entry| entry.entry.first_block == next);
    let mut weight = rivals.map(|entry| posting_weight(entry.entry.carrier)).sum::<u64>();
    if weight >= POSTINGS_WEIGHT_MAX {
        // Nor can the rest of a block follow, so its parts need not be opened either.
        return Ok(false);
    }
    for entry in seen.iter_mut().rev().take(BLOCK_PARTS_MAX) {
        if (entry.entry.first_block, entry.entry.last_block) != (next, next) {
            break;
        }
        entry.is_wanted = true;
    }
    let mut any = false;
    for entry in behind.iter_mut().filter(|entry| entry.entry.first_block == next) {
        if weight >= POSTINGS_WEIGHT_MAX {
            break;
        }
        weight += posting_weight(entry.entry.carrier);
        entry.is_wanted = true;
        any = true;
    }
    Ok(any)
}
