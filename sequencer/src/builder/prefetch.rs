//! Brings into memory what transactions are expected to read, before they are executed.

use std::sync::Arc;

use alloy::consensus::Transaction as _;
use executor::parallel::Key;

use crate::{chain::ChainStore, mempool::Admitted};

/// Reads what the transactions name and what they are expected to touch, in two questions instead of one for each miss.
pub(super) fn prefetch(store: &ChainStore, taken: &[Arc<Admitted>]) {
    let (mut accounts, mut slots) = (Vec::new(), Vec::new());
    for admitted in taken {
        let sender = admitted.tx.tx.sender;
        for key in &admitted.tx.prediction.keys {
            match *key {
                // Admission has read the account of the sender.
                Key::Account { address, .. } if address == sender => {}
                Key::Account { address, .. } | Key::Contract { address } => accounts.push(address),
                Key::Slot { address, slot, .. } => slots.push((address, slot)),
            }
        }
        for item in admitted.tx.tx.tx.access_list().into_iter().flat_map(|list| list.iter()) {
            accounts.push(item.address);
            slots.extend(item.storage_keys.iter().map(|key| (item.address, (*key).into())));
        }
    }
    store.base().prefetch(&accounts, &slots);
}
