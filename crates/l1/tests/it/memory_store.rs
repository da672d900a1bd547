//! An outbox in memory. Clones share it, so it survives the restart of a sender in a test.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use l1::tx::{Attempt, Inclusion, Outcome, Store, TxId, TxRecord, TxRequest};

#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryStore {
    records: Arc<Mutex<Vec<TxRecord>>>,
}

impl MemoryStore {
    pub(crate) fn get(&self, key: &str) -> TxRecord {
        let records = self.records.lock().unwrap();
        records.iter().find(|record| record.key == key).unwrap().clone()
    }

    fn change(&self, id: TxId, change: impl FnOnce(&mut TxRecord)) {
        let mut records = self.records.lock().unwrap();
        let record = records.iter_mut().find(|record| record.id == id).unwrap();
        assert!(record.outcome.is_none(), "a closed record is never touched");
        change(record);
    }
}

impl Store for MemoryStore {
    type Error = Infallible;

    async fn insert(&self, key: &str, request: &TxRequest) -> Result<TxRecord, Infallible> {
        let mut records = self.records.lock().unwrap();
        if let Some(record) = records.iter().find(|record| record.key == key) {
            return Ok(record.clone());
        }
        let record = TxRecord::new(TxId(records.len() as u64), key.to_owned(), request.clone());
        records.push(record.clone());
        Ok(record)
    }

    async fn open(&self) -> Result<Vec<TxRecord>, Infallible> {
        let records = self.records.lock().unwrap();
        Ok(records.iter().filter(|record| record.outcome.is_none()).cloned().collect())
    }

    async fn record_attempt(&self, id: TxId, attempt: &Attempt) -> Result<(), Infallible> {
        self.change(id, |record| {
            record.nonce = Some(attempt.nonce);
            record.attempts.push(attempt.clone());
        });
        Ok(())
    }

    async fn release_nonce(&self, id: TxId) -> Result<(), Infallible> {
        self.change(id, |record| record.nonce = None);
        Ok(())
    }

    async fn set_inclusion(
        &self,
        id: TxId,
        inclusion: Option<&Inclusion>,
    ) -> Result<(), Infallible> {
        self.change(id, |record| record.inclusion = inclusion.copied());
        Ok(())
    }

    async fn request_cancel(&self, id: TxId) -> Result<(), Infallible> {
        self.change(id, |record| record.cancel_requested = true);
        Ok(())
    }

    async fn close(&self, id: TxId, outcome: &Outcome) -> Result<(), Infallible> {
        self.change(id, |record| record.outcome = Some(outcome.clone()));
        Ok(())
    }
}
