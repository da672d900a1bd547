//! KZG commitments and proofs, made on a thread of their own.
//!
//! Loading the trusted set-up takes seconds, and unoptimized c-kzg needs a larger stack than threads have by
//! default, so none of this may run on the async runtime. [`Kzg::start`] begins loading at once, and the first caller
//! waits only for what is left; [`Kzg::start_lazily`] is for programs that may never see a blob. The set-up is loaded
//! once per process. Holds no rule about what blobs contain.

use std::{sync::Arc, thread};

use alloy::{
    consensus::{BlobTransactionSidecar, EnvKzgSettings},
    eips::{
        eip4844::{Blob, kzg_to_versioned_hash},
        eip7594::{BlobTransactionSidecarEip7594, BlobTransactionSidecarVariant},
    },
    primitives::{B256, Bytes},
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
    /// Settles [`SidecarForm::Auto`] by asking L1 whether Osaka is active. A node that cannot say is taken as one of
    /// today, which means cell proofs.
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

type Reply<T> = oneshot::Sender<Result<T, KzgError>>;

enum Job {
    /// Versioned hashes of blobs.
    Hashes(Vec<Bytes>, Reply<Vec<B256>>),
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

fn work(mut queue: mpsc::Receiver<Job>) {
    let environment = EnvKzgSettings::Default;
    while let Some(job) = queue.blocking_recv() {
        let settings = environment.get();
        // A caller that no longer waits does not need the answer.
        match job {
            Job::Hashes(blobs, reply) => {
                let _ = reply.send(hashes(&blobs, settings));
            }
            Job::Sidecar(blobs, form, reply) => {
                let _ = reply.send(sidecar(blobs, form, settings));
            }
        }
    }
}

fn hashes(blobs: &[Bytes], settings: &KzgSettings) -> Result<Vec<B256>, KzgError> {
    let hash = |bytes: &Bytes| {
        let blob = c_kzg::Blob::from_bytes(bytes)?;
        let commitment = settings.blob_to_kzg_commitment(&blob)?;
        Ok(kzg_to_versioned_hash(commitment.as_slice()))
    };
    blobs.iter().map(hash).collect::<Result<_, _>>().map_err(KzgError::NotABlob)
}

fn sidecar(
    blobs: Vec<Box<[u8; BLOB_BYTES]>>,
    form: ProofForm,
    settings: &KzgSettings,
) -> Result<BlobTransactionSidecarVariant, KzgError> {
    let blobs: Vec<Blob> = blobs.into_iter().map(|blob| Blob::new(*blob)).collect();
    let sidecar = match form {
        ProofForm::Blob => {
            BlobTransactionSidecar::try_from_blobs_with_settings(blobs, settings).map(Into::into)
        }
        ProofForm::Cells => {
            BlobTransactionSidecarEip7594::try_from_blobs_with_settings(blobs, settings)
                .map(Into::into)
        }
    };
    sidecar.map_err(KzgError::NotABlob)
}
