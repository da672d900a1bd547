//! Everyone who has transactions here, each under a number.

use alloy::primitives::{
    Address, U256,
    map::{Entry, HashMap},
};

use crate::mempool::sender::Sender;

/// Number of a sender; given to another one when it has nothing here any more.
pub(in crate::mempool) type SenderId = u32;

/// All senders.
#[derive(Debug, Default)]
pub(in crate::mempool) struct Senders {
    ids: HashMap<Address, SenderId>,
    records: Vec<Sender>,
    free: Vec<SenderId>,
}

impl Senders {
    /// The number of a sender who has something here.
    pub(super) fn id(&self, address: &Address) -> Option<SenderId> {
        self.ids.get(address).copied()
    }

    /// Whoever has this number now.
    pub(in crate::mempool) fn get(&self, id: SenderId) -> &Sender {
        &self.records[id as usize]
    }

    pub(super) fn get_mut(&mut self, id: SenderId) -> &mut Sender {
        &mut self.records[id as usize]
    }

    pub(super) fn find(&self, address: &Address) -> Option<&Sender> {
        self.id(address).map(|id| self.get(id))
    }

    /// The number of a sender, who may be new here.
    pub(super) fn enter(&mut self, address: Address, nonce: u64, balance: U256) -> SenderId {
        let entry = match self.ids.entry(address) {
            Entry::Occupied(entry) => return *entry.get(),
            Entry::Vacant(entry) => entry,
        };
        let id = self.free.pop().unwrap_or_else(|| {
            self.records.push(Sender::default());
            SenderId::try_from(self.records.len() - 1).expect("fewer than 2^32 senders")
        });
        self.records[id as usize].begin(address, nonce, balance);
        *entry.insert(id)
    }

    /// Forgets a sender with nothing here.
    pub(super) fn leave(&mut self, id: SenderId) {
        let sender = &self.records[id as usize];
        debug_assert!(sender.is_empty(), "who leaves takes everything along");
        if self.ids.remove(&sender.address).is_some() {
            self.free.push(id);
        }
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = Address> {
        self.ids.keys().copied()
    }
}
