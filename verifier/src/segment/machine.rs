//! The machine's run of a segment: its strides, the steps of one, and the proof of one of these.
//!
//! Only the root over a level is kept by whoever asks; each question runs the machine from its beginning, which costs less
//! than keeping the states of memory would. Everything here is work for a processor and happens on blocking threads.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::{eips::eip4844::kzg_to_versioned_hash, primitives::B256};
use fault_proof::{
    commitment::{
        Commitment, STRIDE_STEPS, STRIDES_HEIGHT, Strides, before_stride, steps_of_stride,
    },
    vm::{
        BlobElement, Host, NotRecorded, Openings, PrecompileCall, Recorded, Runner, STATE_BYTES,
        blob_point,
    },
};
use l1::Kzg;
use transition::{Outcome, PreimageKey};

use super::{
    SegmentError,
    known::{Blobs, Calls, Known},
};
use crate::program::first_machine;

/// The run of one segment, with all that it reads.
#[derive(Debug, Clone)]
pub struct Segment {
    outcome: Outcome,
    reads: Reads,
    kzg: Kzg,
}

/// The commitment to a run, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRun {
    /// A state every stride.
    pub strides: Commitment,
    /// The bytes of the last state.
    pub last: [u8; STATE_BYTES],
}

impl Segment {
    pub(super) fn new(
        outcome: Outcome,
        asked: &BTreeSet<PreimageKey>,
        computed: Calls,
        known: &Known,
        kzg: Kzg,
    ) -> Self {
        Self { outcome, reads: Reads::new(asked, computed, known), kzg }
    }

    /// What the native run came to.
    pub const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The leaf that it stands for.
    pub fn leaf(&self) -> B256 {
        self.outcome.leaf()
    }

    /// The words that the dispute fixes.
    pub fn locals(&self) -> &[B256] {
        self.reads.recorded.locals()
    }

    /// What the machine is given, and no more than that. It shows no element of a blob; [`Self::step_proof`] does.
    pub fn host(&self) -> impl Openings<Error = NotRecorded> + Clone + use<> {
        self.reads.clone()
    }

    /// The commitment over all strides of the run.
    ///
    /// # Errors
    /// When the machine comes to another end than the native run.
    pub async fn strides(&self) -> Result<SegmentRun, SegmentError> {
        let (mut host, native) = (self.reads.clone(), self.outcome.clone());
        blocking(move || {
            let (strides, end) = Strides::new(first_machine()).commit(&mut host)?;
            let machine = (end.exit, end.output);
            let mut end = end;
            let last = end.encode();
            let expected = match native {
                Outcome::Claim(_) | Outcome::Repeated(_) => (Some(0), native.leaf()),
                Outcome::Invalid(_) => (Some(1), B256::ZERO),
            };
            if machine != expected {
                return Err(SegmentError::Differs { machine, native: native.leaf() });
            }
            Ok(SegmentRun { strides, last })
        })
        .await
    }

    /// The commitment over the states of one stride.
    ///
    /// # Errors
    /// When there is no such stride.
    pub async fn steps(&self, stride: u64) -> Result<Commitment, SegmentError> {
        within(stride, 0)?;
        let mut host = self.reads.clone();
        blocking(move || {
            let before = before_stride(first_machine(), stride, &mut host)?;
            Ok(steps_of_stride(before, &mut host)?.0)
        })
        .await
    }

    /// The proof of a step of a stride, the first being number 0, for the contract that makes it.
    ///
    /// # Errors
    /// When there is no such step.
    pub async fn step_proof(&self, stride: u64, step: u64) -> Result<Vec<u8>, SegmentError> {
        within(stride, step)?;
        let mut host = self.reads.clone();
        loop {
            let mut asking = host.clone();
            let (proof, key) = blocking(move || {
                let mut runner = Runner::new(first_machine());
                runner.run_to(stride * STRIDE_STEPS + step, &mut asking)?;
                Ok(match runner.into_machine().proof(&mut asking) {
                    Ok(proof) => (proof, None),
                    Err(NotRecorded(key)) => (Vec::new(), Some(key)),
                })
            })
            .await?;
            let Some(key) = key else { return Ok(proof) };
            self.open(&mut host, key).await?;
        }
    }

    /// Makes what shows an element of a blob. Proving takes a while, so it is done for the one that is asked for.
    async fn open(&self, host: &mut Reads, key: B256) -> Result<(), SegmentError> {
        let not_recorded = || SegmentError::NotRecorded(NotRecorded(key));
        // One that was opened before is asked for no more.
        let element = host.elements.remove(&key).ok_or_else(not_recorded)?;
        let blob = host.blobs.get(&element.versioned_hash).cloned().ok_or_else(not_recorded)?;
        let opening = self.kzg.open(blob, blob_point(element.number)).await;
        let opening = opening.map_err(SegmentError::Kzg)?;
        let (blob, number) = (element.versioned_hash, element.number);
        // Another blob than L1 names, whoever gave it.
        let hash = kzg_to_versioned_hash(&opening.commitment);
        if (hash, opening.value) != (blob, element.value) {
            return Err(SegmentError::OtherBlob { blob, number });
        }
        host.recorded.record_blob_element(&BlobElement {
            commitment: opening.commitment,
            proof: opening.proof,
            ..element
        });
        Ok(())
    }
}

/// Refuses what is beyond the trees.
const fn within(stride: u64, step: u64) -> Result<(), SegmentError> {
    if stride >> STRIDES_HEIGHT == 0 && step < STRIDE_STEPS {
        return Ok(());
    }
    Err(SegmentError::Beyond { stride, step })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SegmentError> + Send + 'static,
) -> Result<T, SegmentError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| SegmentError::CutOff)?
}

impl From<NotRecorded> for SegmentError {
    fn from(error: NotRecorded) -> Self {
        Self::NotRecorded(error)
    }
}

/// A host of the machine with what a run reads.
#[derive(Debug, Clone)]
struct Reads {
    recorded: Recorded,
    /// Elements of blobs that nothing was made for yet that shows them, by their keys.
    elements: BTreeMap<B256, BlobElement>,
    blobs: Arc<Blobs>,
}

impl Reads {
    fn new(asked: &BTreeSet<PreimageKey>, computed: Calls, known: &Known) -> Self {
        let mut recorded = Recorded::new(known.locals().to_vec());
        let mut elements = BTreeMap::new();
        for key in asked {
            match key {
                PreimageKey::Local(_) => {}
                PreimageKey::Keccak(hash) => {
                    if let Some(bytes) = known.keccak(hash) {
                        recorded.record(bytes.to_vec());
                    }
                }
                PreimageKey::BlobElement { versioned_hash, index } => {
                    let Some(value) = known.element(versioned_hash, *index) else { continue };
                    let (versioned_hash, number) = (*versioned_hash, u64::from(*index));
                    let (commitment, proof) = ([0; 48], [0; 48]);
                    let element = BlobElement { versioned_hash, number, value, commitment, proof };
                    elements.insert(element.key(), element);
                }
            }
        }
        for (address, gas, input) in computed {
            let result = executor::result_on_l1(address, gas, &input).ok();
            recorded.record_precompile(
                &PrecompileCall { address, gas, input },
                result.as_ref().map(|output| &output[..]),
            );
        }
        Self { recorded, elements, blobs: known.blobs() }
    }
}

impl Host for Reads {
    type Error = NotRecorded;

    fn locals(&self) -> &[B256] {
        self.recorded.locals()
    }

    fn preimage(&mut self, key: B256) -> Result<&[u8], NotRecorded> {
        match self.elements.get(&key) {
            Some(element) => Ok(element.value.as_slice()),
            None => self.recorded.preimage(key),
        }
    }
}

impl Openings for Reads {
    fn opening(&mut self, key: B256) -> Result<&[u8], NotRecorded> {
        self.recorded.opening(key)
    }
}
