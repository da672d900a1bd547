//! Performs what [`decide`] says: reads L1, asks the store, signs, broadcasts. Holds no rule of its own.
//!
//! One task owns everything, so there is no lock. Dropping the future of [`TxSender::run`] at any await loses nothing
//! that a restart does not find in the store.

mod perform;

use std::{collections::BTreeMap, convert::Infallible, error::Error, sync::Arc, time::Duration};

use alloy::{eips::eip7594::BlobTransactionSidecarVariant, primitives::Address};
use service::error_chain;
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tracing::{debug, warn};

use super::{
    config::TxConfig,
    decide::{L1View, TxState, TxTrack, decide},
    handle::{Command, SubmitError, TxEvent, TxEventKind, TxHandle, TxStatus},
    observe,
    record::{TxId, TxRecord},
    store::Store,
};
use crate::{
    client::L1Client,
    error::{L1Error, Severity},
    kzg::{Kzg, KzgError},
    signer::{LocalSigner, SignerError},
};

/// Commands that wait for the sender.
const COMMANDS_MAX: usize = 64;
/// Events that a slow subscriber may lag behind.
const EVENTS_MAX: usize = 1024;
/// Decisions in one look at L1; more would mean that two actions undo each other.
const ROUNDS_MAX: usize = 64;
/// Even a test does not look at L1 more often than this.
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(10);

/// Why the sender ended. Each of these needs a person or a restart.
#[derive(Debug, thiserror::Error)]
pub enum TxError<E: Error + 'static> {
    /// The outbox refused or is not what it should be, so nothing more may be sent.
    #[error("the outbox of L1 transactions failed")]
    Store(#[source] E),
    /// L1 is not what the configuration says.
    #[error("L1 cannot be used")]
    L1(#[source] L1Error),
    /// No blob can be made.
    #[error("could not make the blobs of L1 transaction {id}")]
    Blobs {
        /// Record.
        id: TxId,
        /// Why.
        #[source]
        source: BlobsError,
    },
    /// Nothing can be signed.
    #[error("could not sign L1 transaction {id}")]
    Sign {
        /// Record.
        id: TxId,
        /// Why.
        #[source]
        source: SignerError,
    },
}

/// Why the blobs of a record could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BlobsError {
    /// The data does not fit.
    #[error("the data does not fit into blobs")]
    Pack(#[source] protocol::BlobError),
    /// No commitments or proofs.
    #[error("could not compute commitments and proofs")]
    Kzg(#[source] KzgError),
}

/// Sends the records of one store from one account.
#[derive(Debug)]
pub struct TxSender<S> {
    client: L1Client,
    signer: LocalSigner,
    kzg: Kzg,
    store: S,
    config: TxConfig,
    commands: mpsc::Receiver<Command>,
    events: broadcast::Sender<TxEvent>,
    status: watch::Sender<TxStatus>,
    /// Start of the sender's own clock, which is all the time it needs.
    started: Instant,
    tracks: Vec<TxTrack>,
    /// Blobs with proofs, by record and whether they are those of the cancelling attempt.
    sidecars: BTreeMap<(TxId, bool), Arc<BlobTransactionSidecarVariant>>,
    /// A nonce that belongs to nobody below others in flight, and since when.
    gap: Option<(u64, Duration)>,
    trouble: Option<String>,
}

impl<S: Store> TxSender<S> {
    /// Makes a sender and the handle to it. Nothing is read or sent before [`Self::run`].
    pub fn new(
        client: L1Client,
        signer: LocalSigner,
        kzg: Kzg,
        store: S,
        config: TxConfig,
    ) -> (Self, TxHandle) {
        let (command_sender, commands) = mpsc::channel(COMMANDS_MAX);
        let (events, _) = broadcast::channel(EVENTS_MAX);
        let (status, status_receiver) = watch::channel(TxStatus::default());
        let handle =
            TxHandle { commands: command_sender, events: events.clone(), status: status_receiver };
        let sender = Self {
            client,
            signer,
            kzg,
            store,
            config,
            commands,
            events,
            status,
            started: Instant::now(),
            tracks: Vec::new(),
            sidecars: BTreeMap::new(),
            gap: None,
            trouble: None,
        };
        (sender, handle)
    }

    /// The account that sends.
    #[must_use]
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Sends until something fails that waiting cannot cure. Stop it by dropping the future.
    pub async fn run(mut self) -> Result<Infallible, TxError<S::Error>> {
        loop {
            let ended = match self.serve().await {
                Ok(never) => match never {},
                Err(ended) => ended,
            };
            match ended {
                TxError::Store(error) if self.store.is_away(&error) => {
                    let reason = error_chain(&error);
                    warn!(error = %reason, "the outbox of L1 transactions is away");
                    self.status.send_modify(|status| status.trouble = Some(reason));
                    sleep(self.poll_interval()).await;
                }
                other => return Err(other),
            }
        }
    }

    /// Reads all records, then sends until something fails.
    async fn serve(&mut self) -> Result<Infallible, TxError<S::Error>> {
        let open = self.store.open().await.map_err(TxError::Store)?;
        self.tracks = open.into_iter().map(TxTrack::new).collect();
        self.sidecars.retain(|(id, _), _| self.tracks.iter().any(|track| track.record.id == *id));
        let mut timer = interval(self.poll_interval());
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = timer.tick() => self.look().await?,
                Some(command) = self.commands.recv() => {
                    self.obey(command).await?;
                    timer.reset_immediately();
                }
            }
        }
    }

    fn poll_interval(&self) -> Duration {
        std::cmp::max(self.config.l1_poll_interval, POLL_INTERVAL_MIN)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    async fn obey(&mut self, command: Command) -> Result<(), TxError<S::Error>> {
        match command {
            Command::Submit { key, request, reply } => {
                let inserted = self.store.insert(&key, &request).await;
                if let Ok(record) = &inserted {
                    self.track(record);
                }
                self.reply(reply, inserted)
            }
            Command::Cancel { id, reply } => {
                let open = self.tracks.iter().any(|track| track.record.id == id);
                let asked = if open { self.store.request_cancel(id).await } else { Ok(()) };
                if asked.is_ok() {
                    self.change(id, |track| track.record.cancel_requested = true);
                }
                self.reply(reply, asked.map(|()| open))
            }
            Command::Open { reply } => {
                // A caller that went away wants nothing.
                let _ = reply.send(self.tracks.iter().map(|track| track.record.clone()).collect());
                Ok(())
            }
        }
    }

    /// Tells the caller what the store said, and ends if the sender cannot go on after that.
    fn reply<T>(
        &self,
        caller: oneshot::Sender<Result<T, SubmitError>>,
        stored: Result<T, S::Error>,
    ) -> Result<(), TxError<S::Error>> {
        let (answer, ended) = match stored {
            Ok(value) => (Ok(value), Ok(())),
            Err(error) => {
                let reason = error_chain(&error);
                if self.store.is_conflict(&error) {
                    (Err(SubmitError::Conflict { reason }), Ok(()))
                } else if self.store.is_away(&error) {
                    (Err(SubmitError::Away { reason }), Err(TxError::Store(error)))
                } else {
                    (Err(SubmitError::Stopped), Err(TxError::Store(error)))
                }
            }
        };
        // A caller that went away finds its record by its key.
        let _ = caller.send(answer);
        ended
    }

    /// Looks at L1 once and does what follows.
    async fn look(&mut self) -> Result<(), TxError<S::Error>> {
        self.trouble = None;
        match self.observe().await {
            Ok(l1) => self.act(l1).await?,
            Err(error) if error.severity() == Severity::Critical => {
                return Err(TxError::L1(error));
            }
            Err(error) => {
                debug!(error = %error_chain(&error), "could not read L1");
                self.trouble = Some(error_chain(&error));
            }
        }
        let trouble = self.trouble.clone();
        self.status.send_modify(|status| status.trouble = trouble);
        Ok(())
    }

    async fn observe(&mut self) -> Result<L1View, L1Error> {
        let account = self.signer.address();
        let mut l1 = observe::view(&self.client, account).await?;
        let now = self.now();
        for track in &mut self.tracks {
            track.seen = observe::inclusion(&self.client, &l1, track).await?;
            if !track.is_consumed(&l1) {
                track.consumed_since = None;
            } else if track.consumed_since.is_none() {
                track.consumed_since = Some(now);
            }
        }
        if self.tracks.iter().any(|track| track.is_consumed(&l1)) {
            let confirmations = self.config.confirmations;
            l1.settled_nonce =
                observe::settled_nonce(&self.client, account, &l1, confirmations).await?;
        }
        Ok(l1)
    }

    async fn act(&mut self, l1: L1View) -> Result<(), TxError<S::Error>> {
        for _ in 0..ROUNDS_MAX {
            let now = self.now();
            let gap_since = self.gap.map(|(_, since)| since);
            let state = TxState { l1, tracks: std::mem::take(&mut self.tracks), gap_since };
            let decision = decide(&state, &self.config, now);
            self.tracks = state.tracks;
            self.gap = decision.gap.map(|nonce| match self.gap {
                Some((known, since)) if known == nonce => (nonce, since),
                _ => (nonce, now),
            });
            self.report(&l1, decision.blocked);
            let mut decide_again = false;
            for action in decision.actions {
                match self.perform(&l1, action).await? {
                    perform::Next::Continue => {}
                    perform::Next::DecideAgain => decide_again = true,
                    // What comes after needs what failed, or would fail the same way.
                    perform::Next::Stop => break,
                }
            }
            if !decide_again {
                break;
            }
        }
        Ok(())
    }

    fn report(&self, l1: &L1View, blocked: Option<super::decide::Blocked>) {
        let queued = self.tracks.iter().filter(|track| track.record.nonce.is_none()).count();
        let in_flight = self.tracks.iter().filter(|track| track.is_in_flight(l1)).count();
        self.status.send_modify(|status| {
            *status = TxStatus {
                head: Some(l1.head),
                nonce: l1.nonce,
                balance: l1.balance,
                quote: Some(l1.quote),
                queued,
                in_flight,
                blocked,
                trouble: status.trouble.take(),
            };
        });
    }

    /// Follows a record, unless it is closed or followed already.
    fn track(&mut self, record: &TxRecord) {
        let known = self.tracks.iter().any(|track| track.record.id == record.id);
        if record.outcome.is_none() && !known {
            self.tracks.push(TxTrack::new(record.clone()));
            self.tracks.sort_by_key(|track| track.record.id);
        }
    }

    fn change(&mut self, id: TxId, change: impl FnOnce(&mut TxTrack)) {
        if let Some(track) = self.tracks.iter_mut().find(|track| track.record.id == id) {
            change(track);
        }
    }

    fn tell(&self, id: TxId, key: String, kind: TxEventKind) {
        // Nobody has to listen.
        let _ = self.events.send(TxEvent { id, key, kind });
    }
}
