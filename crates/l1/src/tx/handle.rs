//! What users of the sender hold: submit, cancel, follow. Dropping every handle does not stop the sender.

use alloy::primitives::{B256, U256};
use protocol::{BlockId, blob::BLOB_PAYLOAD_BYTES_MAX};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::{
    decide::Blocked,
    fees::{FeeQuote, Fees},
    record::{Inclusion, Outcome, TxId, TxRecord, TxRequest},
};

/// Longest calldata in bytes; nodes refuse ordinary transactions beyond 128 KiB.
pub const INPUT_BYTES_MAX: usize = 128 * 1024 - 1024;
/// Longest key in bytes.
pub const KEY_BYTES_MAX: usize = 200;

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The sender has ended.
    #[error("the L1 sender has ended")]
    Stopped,
    /// Too much calldata for any node.
    #[error("calldata of {bytes} bytes, nodes take {INPUT_BYTES_MAX}")]
    InputTooLong {
        /// Bytes of calldata.
        bytes: usize,
    },
    /// More than the blobs of one transaction hold.
    #[error("{bytes} bytes for blobs, one transaction carries {BLOB_PAYLOAD_BYTES_MAX}")]
    BlobDataTooLong {
        /// Bytes for blobs.
        bytes: usize,
    },
    /// The outbox does not take the record beside those it has.
    #[error("the outbox refuses the record: {reason}")]
    Conflict {
        /// The outbox's words.
        reason: String,
    },
    /// The outbox cannot be reached. The request may or may not be in it: submit it again under the same key.
    #[error("the outbox cannot be reached: {reason}")]
    Away {
        /// The outbox's words.
        reason: String,
    },
    /// The key is empty or too long.
    #[error("a key has 1 to {KEY_BYTES_MAX} bytes, not {bytes}")]
    BadKey {
        /// Bytes of the key.
        bytes: usize,
    },
}

/// What happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxEvent {
    /// Record.
    pub id: TxId,
    /// Its key.
    pub key: String,
    /// What happened.
    pub kind: TxEventKind,
}

/// Kinds of [`TxEvent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxEventKind {
    /// A new attempt was recorded and handed to L1.
    Sent {
        /// Hash of the attempt.
        hash: B256,
        /// Its nonce.
        nonce: u64,
        /// Its fees.
        fees: Fees,
    },
    /// It was mined.
    Mined(Inclusion),
    /// A reorg took it out of the chain; it will be broadcast again.
    ReorgedOut,
    /// A foreign transaction took its nonce; it is queued again.
    NonceLost,
    /// It ended.
    Closed(Outcome),
}

/// How the sender is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxStatus {
    /// The L1 block that the rest was read at; none before the first look.
    pub head: Option<BlockId>,
    /// Next nonce of the account.
    pub nonce: u64,
    /// Balance of the account in wei.
    pub balance: U256,
    /// What the next L1 block charges.
    pub quote: Option<FeeQuote>,
    /// Records without nonce.
    pub queued: usize,
    /// Records with a nonce that L1 has not used.
    pub in_flight: usize,
    /// What stops the queue.
    pub blocked: Option<Blocked>,
    /// What L1, a node or the outbox said against the newest request, with causes; none when all went well.
    pub trouble: Option<String>,
}

pub(super) enum Command {
    Submit {
        key: String,
        request: TxRequest,
        reply: oneshot::Sender<Result<TxRecord, SubmitError>>,
    },
    Cancel {
        id: TxId,
        reply: oneshot::Sender<Result<bool, SubmitError>>,
    },
    Open {
        reply: oneshot::Sender<Vec<TxRecord>>,
    },
}

/// Submits transactions and follows them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TxHandle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) events: broadcast::Sender<TxEvent>,
    pub(super) status: watch::Receiver<TxStatus>,
}

impl TxHandle {
    /// Puts a request into the outbox. When this returns, the request survives a restart.
    ///
    /// A key that is in the outbox already gives its record as it stands, open or closed, so that submitting again
    /// after a crash sends nothing twice.
    pub async fn submit(&self, key: &str, request: TxRequest) -> Result<TxRecord, SubmitError> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(SubmitError::BadKey { bytes: key.len() });
        }
        if request.input.len() > INPUT_BYTES_MAX {
            return Err(SubmitError::InputTooLong { bytes: request.input.len() });
        }
        let blob_bytes = request.blob_data.as_ref().map_or(0, |data| data.len());
        if blob_bytes > BLOB_PAYLOAD_BYTES_MAX {
            return Err(SubmitError::BlobDataTooLong { bytes: blob_bytes });
        }
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Submit { key: key.to_owned(), request, reply }).await?;
        answer.await.map_err(|_| SubmitError::Stopped)?
    }

    /// Asks to take a record back. It may still be mined; its outcome tells. False if it is not open.
    pub async fn cancel(&self, id: TxId) -> Result<bool, SubmitError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Cancel { id, reply }).await?;
        answer.await.map_err(|_| SubmitError::Stopped)?
    }

    /// All records that have not ended, by rising number: those too that an earlier process has submitted.
    pub async fn open(&self) -> Result<Vec<TxRecord>, SubmitError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Open { reply }).await?;
        answer.await.map_err(|_| SubmitError::Stopped)
    }

    /// Events from now on. Slow receivers lose the oldest, and none tells of what an outbox that went away did all the
    /// same; the store has the truth.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<TxEvent> {
        self.events.subscribe()
    }

    /// How the sender is doing, and changes of it.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<TxStatus> {
        self.status.clone()
    }

    async fn ask(&self, command: Command) -> Result<(), SubmitError> {
        self.commands.send(command).await.map_err(|_| SubmitError::Stopped)
    }
}
