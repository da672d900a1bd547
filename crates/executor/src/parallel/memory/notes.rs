//! What one transaction has looked at.

use alloy_primitives::Address;

use super::{Place, SlotKey, Stamp, Turn, Write};

/// A look, and whose value was found there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parallel) enum Read {
    Account { place: Place, stamp: Stamp },
    Slot { place: Place, stamp: Stamp, cleared: Stamp },
}

/// All looks of one transaction, with their keys: what it writes it has looked at before, so that its place is known.
#[derive(Clone, Debug, Default)]
pub(in crate::parallel) struct Notes {
    accounts: Vec<(Address, Place)>,
    slots: Vec<(SlotKey, Place)>,
    reads: Vec<Read>,
}

/// From so many on, hashing a key is quicker than going through the list.
const SEARCHED_MAX: usize = 24;

impl Notes {
    pub(in crate::parallel) fn clear(&mut self) {
        self.accounts.clear();
        self.slots.clear();
        self.reads.clear();
    }

    pub(in crate::parallel) fn note_account(&mut self, address: Address, read: Read) {
        if let (Read::Account { place, .. }, true) = (read, self.accounts.len() < SEARCHED_MAX) {
            self.accounts.push((address, place));
        }
        self.reads.push(read);
    }

    pub(in crate::parallel) fn note_slot(&mut self, key: SlotKey, read: Read) {
        if let (Read::Slot { place, .. }, true) = (read, self.slots.len() < SEARCHED_MAX) {
            self.slots.push((key, place));
        }
        self.reads.push(read);
    }

    /// In the order of the looks.
    pub(in crate::parallel) fn reads(&self) -> &[Read] {
        &self.reads
    }

    pub(super) fn account(&self, address: &Address) -> Option<Place> {
        self.accounts.iter().find(|(of, _)| of == address).map(|(_, place)| *place)
    }

    pub(super) fn slot(&self, key: &SlotKey) -> Option<Place> {
        self.slots.iter().find(|(of, _)| of.1 == key.1 && of.0 == key.0).map(|(_, place)| *place)
    }
}

impl Read {
    /// Who had written what was found; 0: nobody in flight.
    pub(in crate::parallel) const fn writer(&self) -> Turn {
        match *self {
            Self::Account { stamp, .. } | Self::Slot { stamp, .. } => stamp.turn,
        }
    }

    /// Where that was, in the table of its kind.
    pub(in crate::parallel) const fn at(&self) -> Place {
        match *self {
            Self::Account { place, .. } | Self::Slot { place, .. } => place,
        }
    }

    /// The same with its kind.
    pub(in crate::parallel) const fn place(&self) -> Write {
        match *self {
            Self::Account { place, .. } => Write::Account(place),
            Self::Slot { place, .. } => Write::Slot(place),
        }
    }
}
