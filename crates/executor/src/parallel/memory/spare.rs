//! Tables of finished blocks, for those to come: room that need not be asked for again.

use alloy_primitives::{Address, U256};
use parking_lot::Mutex;

use super::{AccountValue, SlotKey, table::Table};

/// Blocks that may be open at a time: the one that is built, and one that is looked back at.
const SPARES_MAX: usize = 2;

/// Places for which a spare table may keep room. An account takes about 200 bytes.
const PLACES_MAX: usize = 1 << 19;

/// Empty tables.
#[derive(Debug)]
pub(super) struct Tables {
    pub accounts: Table<Address, AccountValue>,
    pub slots: Table<SlotKey, U256>,
}

/// Shared by all blocks of one engine.
#[derive(Debug, Default)]
pub(in crate::parallel) struct SpareTables(Mutex<Vec<Tables>>);

impl SpareTables {
    /// A pair of tables, with room if there is a spare one.
    pub(super) fn take(&self) -> Tables {
        let spare = self.0.lock().pop();
        spare.unwrap_or_else(|| Tables { accounts: Table::new(), slots: Table::new() })
    }

    /// Keeps what a block has no more use for.
    pub(super) fn put(&self, mut tables: Tables) {
        if tables.accounts.capacity() > PLACES_MAX || tables.slots.capacity() > PLACES_MAX {
            return;
        }
        tables.accounts.clear();
        tables.slots.clear();
        let mut spares = self.0.lock();
        if spares.len() < SPARES_MAX {
            spares.push(tables);
        }
    }
}
