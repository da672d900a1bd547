//! An outbox in memory that can go away. Clones share it, so it survives the restart of a sender in a test.

use std::sync::{Arc, Mutex};

use l1::tx::{Attempt, Inclusion, Outcome, Store, TxId, TxRecord, TxRequest};

/// What is asked of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Insert,
    Open,
    RecordAttempt,
    ReleaseNonce,
    SetInclusion,
    RequestCancel,
    Close,
}

/// A question that is not answered, and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    /// The question.
    pub(crate) at: Asked,
    /// Whether what was asked happens all the same.
    pub(crate) done: bool,
    /// How many questions after it find nobody.
    pub(crate) then: usize,
}

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
#[error("the outbox is away")]
pub(crate) struct Away;

#[derive(Debug, Default)]
struct Inner {
    records: Vec<TxRecord>,
    outage: Option<Outage>,
    away_for: usize,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryStore(Arc<Mutex<Inner>>);

impl MemoryStore {
    pub(crate) fn get(&self, key: &str) -> TxRecord {
        self.find(key).unwrap()
    }

    pub(crate) fn find(&self, key: &str) -> Option<TxRecord> {
        self.all().into_iter().find(|record| record.key == key)
    }

    /// All records, oldest first.
    pub(crate) fn all(&self) -> Vec<TxRecord> {
        self.0.lock().unwrap().records.clone()
    }

    /// Plans an outage.
    pub(crate) fn fail(&self, outage: Outage) {
        self.0.lock().unwrap().outage = Some(outage);
    }

    pub(crate) fn come_back(&self) {
        self.0.lock().unwrap().away_for = 0;
    }

    /// Whether the planned outage is over.
    pub(crate) fn has_failed(&self) -> bool {
        let inner = self.0.lock().unwrap();
        inner.outage.is_none() && inner.away_for == 0
    }

    fn answer<T>(
        &self,
        asked: Asked,
        effect: impl FnOnce(&mut Vec<TxRecord>) -> T,
    ) -> Result<T, Away> {
        let mut inner = self.0.lock().unwrap();
        if inner.away_for > 0 {
            inner.away_for -= 1;
            return Err(Away);
        }
        match inner.outage.take_if(|outage| outage.at == asked) {
            None => Ok(effect(&mut inner.records)),
            Some(outage) => {
                inner.away_for = outage.then;
                if outage.done {
                    effect(&mut inner.records);
                }
                Err(Away)
            }
        }
    }

    fn change(
        &self,
        asked: Asked,
        id: TxId,
        change: impl FnOnce(&mut TxRecord),
    ) -> Result<(), Away> {
        self.answer(asked, |records| {
            let record = records.iter_mut().find(|record| record.id == id).unwrap();
            assert!(record.outcome.is_none(), "a closed record is never touched");
            change(record);
        })
    }
}

impl Store for MemoryStore {
    type Error = Away;

    fn is_away(&self, Away: &Away) -> bool {
        true
    }

    async fn insert(&self, key: &str, request: &TxRequest) -> Result<TxRecord, Away> {
        self.answer(Asked::Insert, |records| {
            if let Some(record) = records.iter().find(|record| record.key == key) {
                return record.clone();
            }
            let record = TxRecord::new(TxId(records.len() as u64), key.to_owned(), request.clone());
            records.push(record.clone());
            record
        })
    }

    async fn open(&self) -> Result<Vec<TxRecord>, Away> {
        self.answer(Asked::Open, |records| {
            records.iter().filter(|record| record.outcome.is_none()).cloned().collect()
        })
    }

    async fn record_attempt(&self, id: TxId, attempt: &Attempt) -> Result<(), Away> {
        self.change(Asked::RecordAttempt, id, |record| {
            record.nonce = Some(attempt.nonce);
            record.attempts.push(attempt.clone());
        })
    }

    async fn release_nonce(&self, id: TxId) -> Result<(), Away> {
        self.change(Asked::ReleaseNonce, id, |record| record.nonce = None)
    }

    async fn set_inclusion(&self, id: TxId, inclusion: Option<&Inclusion>) -> Result<(), Away> {
        self.change(Asked::SetInclusion, id, |record| record.inclusion = inclusion.copied())
    }

    async fn request_cancel(&self, id: TxId) -> Result<(), Away> {
        self.change(Asked::RequestCancel, id, |record| record.cancel_requested = true)
    }

    async fn close(&self, id: TxId, outcome: &Outcome) -> Result<(), Away> {
        self.change(Asked::Close, id, |record| record.outcome = Some(outcome.clone()))
    }
}
