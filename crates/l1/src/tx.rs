//! Sending L1 transactions: each one lands once, whatever dies when, and nobody has to act.
//!
//! ```text
//! TxHandle ── submit(key, request) ──▶ Store (outbox) ──▶ observe L1 ──▶ decide (pure) ──▶ actions
//!                                        ▲  record before send                              │
//!                                        └───────────── sign, record the attempt ◀──────────┤
//!                                                       broadcast, then watch ◀─────────────┘
//! ```
//!
//! Invariants:
//! 1. Every attempt is in the store before any node sees it, so a restart repeats it instead of inventing another.
//! 2. A nonce belongs to one record until it is mined, and replacements keep the pool's kind: blob stays blob.
//! 3. Blob and ordinary transactions are never in flight together, because nodes keep them in two pools and refuse an
//!    account that is in both. Changing the pool waits for `confirmations`, so give batches and proposals a key each.
//! 4. One sender address has one [`TxSender`]. Two with the same key survive, but pay for it.

mod broadcast;
mod config;
mod decide;
mod driver;
mod fees;
mod handle;
mod observe;
mod record;
mod sign;
mod store;

pub use self::{
    broadcast::BroadcastError,
    config::TxConfig,
    decide::{Action, Blocked, Decision, L1View, TxState, TxTrack, decide},
    driver::{TxError, TxSender},
    fees::{FeeCapReached, FeePolicy, FeeQuote, Fees},
    handle::{
        INPUT_BYTES_MAX, KEY_BYTES_MAX, SubmitError, TxEvent, TxEventKind, TxHandle, TxStatus,
    },
    record::{Attempt, Inclusion, Outcome, PoolKind, TxId, TxRecord, TxRequest},
    store::Store,
};
