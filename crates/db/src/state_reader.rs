//! The current state, for executor threads: they are OS threads that block, and Postgres answers asynchronously.
//!
//! A thread of its own owns one connection and a small runtime, so neither the callers nor the service's runtime share
//! anything with it. Questions that arrive while one query runs are answered together by the next: many executor
//! threads that miss at once cost one round trip.
//!
//! It shows the state after the block that the cursor names, which moves. Whoever executes lays the diffs of newer
//! blocks over it. Invariant: absence is an answer, a failed query is an error for everyone who waited for it.

mod questions;

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use alloy_primitives::{Address, B256, Bytes, U256};
use sqlx::PgConnection;
use state::{Account, StateReader};

use crate::{Classify, Database, Severity};
use questions::{Answers, Found, Questions};

/// Callers that may wait at once before others wait to ask.
const WAITING_MAX: usize = 1_024;
/// Keys of one query. More are split, so that no query holds the others up for long.
const KEYS_PER_QUERY: usize = 10_000;

/// Why the state could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StateReadError {
    /// The query failed. It was asked for several callers, so they share the cause.
    #[error("cannot read the state from Postgres")]
    Query(#[source] Arc<sqlx::Error>),
    /// No account ever had that code, or it is newer than the state tables.
    #[error("the state has no code {0}")]
    CodeUnknown(B256),
    /// The index does not have that block.
    #[error("the index has no block {0}")]
    BlockUnknown(u64),
    /// The reader's thread is gone, because the process is shutting down.
    #[error("the state reader has stopped")]
    Stopped,
}

impl Classify for StateReadError {
    fn severity(&self) -> Severity {
        match self {
            Self::Query(source) => source.severity(),
            Self::CodeUnknown(_) | Self::BlockUnknown(_) => Severity::Reset,
            Self::Stopped => Severity::Critical,
        }
    }
}

/// Reads the current state; clones share the thread and its connection. The thread ends with the last of them.
#[derive(Debug, Clone)]
pub struct PgStateReader {
    requests: SyncSender<Request>,
}

struct Request {
    questions: Questions,
    reply: SyncSender<Result<Answers, StateReadError>>,
}

impl PgStateReader {
    /// Starts the reader's thread. The connection is made at the first question and made again when it breaks.
    pub fn start(database: Database) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (requests, waiting) = sync_channel(WAITING_MAX);
        let serve = move || runtime.block_on(serve(&database, &waiting));
        thread::Builder::new().name("state-reader".to_owned()).spawn(serve)?;
        Ok(Self { requests })
    }

    fn ask(&self, questions: Questions) -> Result<Answers, StateReadError> {
        let (reply, answer) = sync_channel(1);
        let request = Request { questions, reply };
        self.requests.send(request).map_err(|_| StateReadError::Stopped)?;
        answer.recv().map_err(|_| StateReadError::Stopped)?
    }
}

/// Blocks its thread between requests: nothing else runs on this runtime.
async fn serve(database: &Database, waiting: &Receiver<Request>) {
    let mut connection = None;
    while let Ok(first) = waiting.recv() {
        let mut requests = vec![first];
        let mut keys = requests[0].questions.len();
        while keys < KEYS_PER_QUERY
            && let Ok(next) = waiting.try_recv()
        {
            keys += next.questions.len();
            requests.push(next);
        }
        let merged = Questions::merge(requests.iter().map(|request| &request.questions));
        match answer(database, &mut connection, &merged).await {
            Ok(found) => {
                for Request { questions, reply } in requests {
                    // Nobody listening any more is fine.
                    let _ = reply.send(Ok(found.select(&questions)));
                }
            }
            Err(error) => {
                connection = None;
                let error = Arc::new(error);
                for request in requests {
                    let _ = request.reply.send(Err(StateReadError::Query(error.clone())));
                }
            }
        }
    }
}

async fn answer(
    database: &Database,
    connection: &mut Option<PgConnection>,
    questions: &Questions,
) -> Result<Found, sqlx::Error> {
    // A connection that sat idle may have died with its server: reading again is safe, so try once more.
    for attempt in 0..2 {
        let fresh = connection.is_none();
        let live = match connection.take() {
            Some(live) => connection.insert(live),
            None => connection.insert(database.connection().await?),
        };
        match questions.ask(live).await {
            Err(error) if attempt == 0 && !fresh && error.is_unavailable() => *connection = None,
            answered => return answered,
        }
    }
    Err(sqlx::Error::WorkerCrashed)
}

impl StateReader for PgStateReader {
    type Error = StateReadError;

    fn account(&self, address: &Address) -> Result<Option<Account>, StateReadError> {
        let questions = Questions { accounts: vec![*address], ..Questions::default() };
        Ok(self.ask(questions)?.accounts.pop().flatten())
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, StateReadError> {
        let questions = Questions { slots: vec![(*address, *slot)], ..Questions::default() };
        Ok(self.ask(questions)?.slots.pop().unwrap_or_default())
    }

    fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, StateReadError> {
        let mut accounts = Vec::with_capacity(addresses.len());
        for chunk in addresses.chunks(KEYS_PER_QUERY) {
            let questions = Questions { accounts: chunk.to_vec(), ..Questions::default() };
            accounts.extend(self.ask(questions)?.accounts);
        }
        Ok(accounts)
    }

    fn slots(&self, slots: &[(Address, U256)]) -> Result<Vec<U256>, StateReadError> {
        let mut values = Vec::with_capacity(slots.len());
        for chunk in slots.chunks(KEYS_PER_QUERY) {
            let questions = Questions { slots: chunk.to_vec(), ..Questions::default() };
            values.extend(self.ask(questions)?.slots);
        }
        Ok(values)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, StateReadError> {
        let questions = Questions { codes: vec![*hash], ..Questions::default() };
        self.ask(questions)?.codes.pop().flatten().ok_or(StateReadError::CodeUnknown(*hash))
    }

    fn block_hash(&self, number: u64) -> Result<B256, StateReadError> {
        let questions = Questions { blocks: vec![number], ..Questions::default() };
        self.ask(questions)?.blocks.pop().flatten().ok_or(StateReadError::BlockUnknown(number))
    }
}

#[cfg(test)]
mod tests;
