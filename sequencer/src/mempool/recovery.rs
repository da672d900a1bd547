//! Sender recovery and the rest of admission on named CPU threads, never on the async runtime.
//!
//! Callers put chunks of raw transactions into one bounded queue; each thread takes what is there, up to a
//! bound, because waiting for more would cost latency and save nothing. A full queue is an explicit refusal.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use alloy::primitives::{B256, Bytes};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use recovery::Senders;
use tokio::sync::oneshot;

use super::{Admission, Rejection, Submission};
use crate::quota::Client;

/// Transactions of one request that one thread handles together.
const CHUNK_TRANSACTIONS_MAX: usize = 256;

struct Job {
    raws: Vec<Bytes>,
    client: Client,
    answer: oneshot::Sender<Vec<Result<B256, Rejection>>>,
}

impl Job {
    fn submissions(&self) -> impl Iterator<Item = Submission<'_>> {
        self.raws.iter().map(|raw| Submission { raw, client: &self.client })
    }
}

/// The bounded way to the admission threads. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AdmissionQueue {
    jobs: Sender<Job>,
    taking: Arc<AtomicBool>,
}

/// The admission threads. They end when every queue handle is gone.
#[derive(Debug)]
pub struct RecoveryThreads {
    threads: Vec<JoinHandle<()>>,
}

impl AdmissionQueue {
    /// Admits transactions that `client` sent; one answer each, in order.
    pub async fn admit(&self, raws: Vec<Bytes>, client: Client) -> Vec<Result<B256, Rejection>> {
        if !self.taking.load(Ordering::Acquire) {
            return raws.iter().map(|_| Err(Rejection::NotTaking)).collect();
        }
        let mut answers = Vec::with_capacity(raws.len());
        let (mut chunks, mut rest) = (Vec::new(), raws);
        while !rest.is_empty() {
            let chunk_len = std::cmp::min(rest.len(), CHUNK_TRANSACTIONS_MAX);
            let later = rest.split_off(chunk_len);
            let chunk = std::mem::replace(&mut rest, later);
            chunks.push((chunk_len, self.send(chunk, client.clone())));
        }
        for (length, sent) in chunks {
            match sent {
                Ok(answer) => match answer.await {
                    Ok(results) => answers.extend(results),
                    Err(_) => answers.extend((0..length).map(|_| Err(Rejection::NotTaking))),
                },
                Err(rejection) => answers.extend((0..length).map(|_| Err(rejection.clone()))),
            }
        }
        answers
    }

    /// Whether new transactions are taken. The threads finish what is queued.
    pub fn set_taking(&self, taking: bool) {
        self.taking.store(taking, Ordering::Release);
    }

    /// Whether new transactions are taken.
    pub fn is_taking(&self) -> bool {
        self.taking.load(Ordering::Acquire)
    }

    fn send(
        &self,
        raws: Vec<Bytes>,
        client: Client,
    ) -> Result<oneshot::Receiver<Vec<Result<B256, Rejection>>>, Rejection> {
        let (answer, receiver) = oneshot::channel();
        match self.jobs.try_send(Job { raws, client, answer }) {
            Ok(()) => Ok(receiver),
            Err(TrySendError::Full(_)) => Err(Rejection::Busy { waiting: self.jobs.len() }),
            Err(TrySendError::Disconnected(_)) => Err(Rejection::NotTaking),
        }
    }
}

impl RecoveryThreads {
    /// Starts `threads` threads behind a queue of `queue_max` chunks.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn start(
        admission: &Arc<Admission>,
        threads: usize,
        queue_max: usize,
    ) -> std::io::Result<(AdmissionQueue, Self)> {
        let (sender, receiver) = bounded::<Job>(queue_max);
        let spawn = |number: usize| {
            let (admission, jobs) = (admission.clone(), receiver.clone());
            std::thread::Builder::new()
                .name(format!("braid-admit-{number}"))
                .spawn(move || work(&admission, &jobs))
        };
        let threads = (0..threads).map(spawn).collect::<std::io::Result<_>>()?;
        let queue = AdmissionQueue { jobs: sender, taking: Arc::new(AtomicBool::new(true)) };
        Ok((queue, Self { threads }))
    }

    /// Waits until the threads are done, which is when every [`AdmissionQueue`] is gone.
    pub fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("an admission thread panicked");
            }
        }
    }
}

fn work(admission: &Admission, jobs: &Receiver<Job>) {
    let mut senders = Senders::new();
    while let Ok(first) = jobs.recv() {
        let mut together = vec![first];
        let mut transactions = together[0].raws.len();
        while transactions < CHUNK_TRANSACTIONS_MAX {
            let Ok(job) = jobs.try_recv() else { break };
            transactions += job.raws.len();
            together.push(job);
        }
        let sent: Vec<_> = together.iter().flat_map(Job::submissions).collect();
        let mut results = admission.admit(&sent, &mut senders).into_iter();
        for job in together {
            let answers = results.by_ref().take(job.raws.len()).collect();
            // The caller may have gone; its transactions are in the mempool all the same.
            let _ = job.answer.send(answers);
        }
    }
}
