//! KZG commitments and proofs, made on a thread of their own.
//!
//! Loading the trusted set-up takes seconds, and unoptimized c-kzg needs a larger stack than threads have by
//! default, so none of this may run on the async runtime. [`Kzg::start`] begins loading at once, and the first caller
//! waits only for what is left; [`Kzg::start_lazily`] is for programs that may never see a blob. The set-up is loaded
//! once per process. The thread has a low priority. Holds no rule about what blobs contain.

use std::{collections::VecDeque, sync::Arc, thread, time::Instant};

use alloy::{
    consensus::{BlobTransactionSidecar, EnvKzgSettings},
    eips::{
        eip4844::{Blob, kzg_to_versioned_hash},
        eip7594::{BlobTransactionSidecarEip7594, BlobTransactionSidecarVariant},
    },
    primitives::{B256, Bytes, keccak256},
};
use c_kzg::KzgSettings;
use protocol::blob::BLOB_BYTES;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::{client::L1Client, error::Severity};

/// Stack of the KZG thread in bytes; an unoptimized build needs 4 MiB.
const KZG_STACK_BYTES: usize = 8 * 1024 * 1024;
/// Jobs that wait for the KZG thread; a job holds up to six blobs.
const KZG_QUEUE_MAX: usize = 16;
/// Blobs whose hashes are remembered: those of a few batches.
const SEEN_BLOBS_MAX: usize = 64;

/// Failure of KZG work.
#[derive(Debug, thiserror::Error)]
pub enum KzgError {
    /// The operating system gave no thread.
    #[error("could not start the KZG thread")]
    Spawn(#[source] std::io::Error),
    /// The KZG thread is gone.
    #[error("the KZG thread has ended")]
    Stopped,
    /// A blob is not 4096 canonical field elements.
    #[error("the bytes are not a blob")]
    NotABlob(#[source] c_kzg::Error),
}

impl KzgError {
    /// What to do about it: none of these goes away by waiting.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        Severity::Critical
    }
}

/// Which proofs a blob transaction carries to the node that receives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SidecarForm {
    /// One proof per blob: L1 before the Osaka fork.
    Eip4844,
    /// 128 cell proofs per blob: L1 from Osaka on.
    Eip7594,
    /// Ask L1 which fork is active.
    #[default]
    Auto,
}

/// The form after [`SidecarForm::Auto`] was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProofForm {
    Blob,
    Cells,
}

impl ProofForm {
    /// Settles [`SidecarForm::Auto`] by asking L1 whether Osaka is active. Where nobody answers, it is taken as an L1 of today,
    /// which means cell proofs.
    pub(crate) async fn of(form: SidecarForm, client: &L1Client) -> Self {
        match form {
            SidecarForm::Eip4844 => Self::Blob,
            SidecarForm::Eip7594 => Self::Cells,
            SidecarForm::Auto => match client.is_osaka_active().await {
                Ok(false) => Self::Blob,
                Ok(true) | Err(_) => Self::Cells,
            },
        }
    }
}

/// What shows on L1 the value that the polynomial of a blob has at a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KzgOpening {
    /// The blob's commitment.
    pub commitment: [u8; 48],
    /// The value.
    pub value: B256,
    /// The proof.
    pub proof: [u8; 48],
}

type Reply<T> = oneshot::Sender<Result<T, KzgError>>;

enum Job {
    /// Versioned hashes of blobs.
    Hashes(Vec<Bytes>, Reply<Vec<B256>>),
    /// The value of a blob's polynomial at a point, with its proof.
    Open(Bytes, B256, Reply<KzgOpening>),
    /// Commitments and proofs of blobs.
    Sidecar(Vec<Box<[u8; BLOB_BYTES]>>, ProofForm, Reply<BlobTransactionSidecarVariant>),
}

/// Handle of the KZG thread. Cheap to clone; the thread ends with the last handle.
#[derive(Clone, Debug)]
pub struct Kzg {
    jobs: mpsc::Sender<Job>,
}

impl Kzg {
    /// Starts the thread, which loads the set-up first: two to three seconds of one core.
    pub fn start() -> Result<Self, KzgError> {
        Self::spawn(|queue| {
            EnvKzgSettings::Default.get();
            work(queue);
        })
    }

    /// Starts the thread; the set-up is loaded for the first job.
    pub fn start_lazily() -> Result<Self, KzgError> {
        Self::spawn(work)
    }

    fn spawn(run: impl FnOnce(mpsc::Receiver<Job>) + Send + 'static) -> Result<Self, KzgError> {
        let (jobs, queue) = mpsc::channel(KZG_QUEUE_MAX);
        thread::Builder::new()
            .name("kzg".to_owned())
            .stack_size(KZG_STACK_BYTES)
            .spawn(move || run(queue))
            .map_err(KzgError::Spawn)?;
        Ok(Self { jobs })
    }

    /// The versioned hash of each blob, from its commitment.
    pub async fn versioned_hashes(&self, blobs: Vec<Bytes>) -> Result<Vec<B256>, KzgError> {
        self.ask(|reply| Job::Hashes(blobs, reply)).await
    }

    /// The value of a blob's polynomial at a point, with its proof: tens of milliseconds, and hundreds in an unoptimized
    /// build.
    pub async fn open(&self, blob: Bytes, point: B256) -> Result<KzgOpening, KzgError> {
        self.ask(|reply| Job::Open(blob, point, reply)).await
    }

    /// The blobs with commitments and proofs.
    pub(crate) async fn sidecar(
        &self,
        blobs: Vec<Box<[u8; BLOB_BYTES]>>,
        form: ProofForm,
    ) -> Result<Arc<BlobTransactionSidecarVariant>, KzgError> {
        self.ask(|reply| Job::Sidecar(blobs, form, reply)).await.map(Arc::new)
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, KzgError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).await.map_err(|_| KzgError::Stopped)?;
        answer.await.map_err(|_| KzgError::Stopped)?
    }
}

/// Versioned hashes of blobs that were seen lately, by the keccak256 of their bytes. A process that posts and follows meets
/// each blob several times; a commitment costs tens of milliseconds, this hash a quarter of one.
#[derive(Debug, Default)]
struct Seen {
    blobs: VecDeque<(B256, B256)>,
}

impl Seen {
    fn find(&self, key: B256) -> Option<B256> {
        self.blobs.iter().find(|(seen, _)| *seen == key).map(|(_, hash)| *hash)
    }

    fn add(&mut self, key: B256, hash: B256) {
        if self.blobs.len() == SEEN_BLOBS_MAX {
            self.blobs.pop_front();
        }
        self.blobs.push_back((key, hash));
    }
}

fn work(mut queue: mpsc::Receiver<Job>) {
    let environment = EnvKzgSettings::Default;
    let mut seen = Seen::default();
    let mut is_low = false;
    while let Some(job) = queue.blocking_recv() {
        let settings = environment.get();
        // A blob takes a quarter of a second, and nobody who uses the chain waits for it. The set-up is loaded by then: what it
        // takes of memory is there early.
        if !std::mem::replace(&mut is_low, true) {
            service::lower_priority();
        }
        let started = Instant::now();
        // A caller that no longer waits does not need the answer.
        match job {
            Job::Hashes(blobs, reply) => {
                let _ = reply.send(hashes(&blobs, settings, &mut seen));
            }
            Job::Open(blob, point, reply) => {
                let _ = reply.send(open(&blob, point, settings).map_err(KzgError::NotABlob));
            }
            Job::Sidecar(blobs, form, reply) => {
                let _ = reply.send(sidecar(blobs, form, settings, &mut seen));
            }
        }
        metrics::histogram!("braid_l1_kzg_seconds").record(started.elapsed());
    }
}

fn hashes(blobs: &[Bytes], settings: &KzgSettings, seen: &mut Seen) -> Result<Vec<B256>, KzgError> {
    let hash = |bytes: &Bytes| {
        let key = keccak256(bytes);
        if let Some(hash) = seen.find(key) {
            return Ok(hash);
        }
        let blob = c_kzg::Blob::from_bytes(bytes)?;
        let commitment = settings.blob_to_kzg_commitment(&blob)?;
        let hash = kzg_to_versioned_hash(commitment.as_slice());
        seen.add(key, hash);
        Ok(hash)
    };
    blobs.iter().map(hash).collect::<Result<_, _>>().map_err(KzgError::NotABlob)
}

fn open(bytes: &Bytes, point: B256, settings: &KzgSettings) -> Result<KzgOpening, c_kzg::Error> {
    let blob = c_kzg::Blob::from_bytes(bytes)?;
    let commitment = settings.blob_to_kzg_commitment(&blob)?;
    let (proof, value) = settings.compute_kzg_proof(&blob, &c_kzg::Bytes32::new(point.0))?;
    Ok(KzgOpening {
        commitment: commitment.to_bytes().into_inner(),
        value: B256::from_slice(value.as_slice()),
        proof: proof.to_bytes().into_inner(),
    })
}

fn sidecar(
    blobs: Vec<Box<[u8; BLOB_BYTES]>>,
    form: ProofForm,
    settings: &KzgSettings,
    seen: &mut Seen,
) -> Result<BlobTransactionSidecarVariant, KzgError> {
    let keys: Vec<B256> = blobs.iter().map(|blob| keccak256(blob.as_slice())).collect();
    let blobs: Vec<Blob> = blobs.into_iter().map(|blob| Blob::new(*blob)).collect();
    let sidecar: BlobTransactionSidecarVariant = match form {
        ProofForm::Blob => {
            BlobTransactionSidecar::try_from_blobs_with_settings(blobs, settings).map(Into::into)
        }
        ProofForm::Cells => {
            BlobTransactionSidecarEip7594::try_from_blobs_with_settings(blobs, settings)
                .map(Into::into)
        }
    }
    .map_err(KzgError::NotABlob)?;
    keys.into_iter().zip(sidecar.versioned_hashes()).for_each(|(key, hash)| seen.add(key, hash));
    Ok(sidecar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut seen = Seen::default();
        let key = |number: usize| keccak256(number.to_be_bytes());
        for number in 0..=SEEN_BLOBS_MAX {
            seen.add(key(number), key(number + 1));
        }
        assert_eq!(seen.find(key(0)), None);
        for number in 1..=SEEN_BLOBS_MAX {
            assert_eq!(seen.find(key(number)), Some(key(number + 1)));
        }
    }

    #[tokio::test]
    async fn a_blob_has_one_hash_whoever_asks() {
        let blob = |byte| Box::new([byte; BLOB_BYTES]);
        let bytes = |byte| Bytes::from(blob(byte).to_vec());
        let (posting, following) = (Kzg::start_lazily().unwrap(), Kzg::start_lazily().unwrap());
        let sidecar = posting.sidecar(vec![blob(1), blob(2)], ProofForm::Blob).await.unwrap();
        let made: Vec<B256> = sidecar.versioned_hashes().collect();
        for kzg in [&posting, &following, &following] {
            let found = kzg.versioned_hashes(vec![bytes(2), bytes(1)]).await.unwrap();
            assert_eq!(found, [made[1], made[0]]);
        }
    }
}
