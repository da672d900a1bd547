//! Everything that talks to L1.
//!
//! | module | what it does |
//! |---|---|
//! | [`client`] | endpoints with fail-over and retry, the few typed requests |
//! | [`capacity`] | how much L1 carries |
//! | [`reader`], [`blobs`], [`kzg`] | L1 blocks as derivation takes them, with the bytes of their batches |
//! | [`watcher`], [`tip`] | new heads, reorgs, safe and finalized blocks, outages; the newest of them |
//! | [`source`] | blocks from a node, or from a recording |
//! | [`evidence`] | headers as bytes and links of the hash chains, for disputes |
//! | [`outputs`] | proposals |
//! | [`disputes`] | disputes about them |
//! | [`tx`], [`signer`] | sending: outbox, nonces, fees, replacement, reorgs |
//! | [`anvil`] | a private L1 for devnets and tests |
//!
//! It holds no rule of the rollup: what is read goes to `derivation`, what is sent comes from services.
//! Invariant: an outage or a broken endpoint is an error with a severity, never a different chain.

pub mod anvil;
pub mod blobs;
pub mod capacity;
pub mod client;
pub mod config;
pub mod disputes;
pub mod error;
pub mod evidence;
pub mod kzg;
pub mod outputs;
pub mod reader;
pub mod signer;
pub mod source;
pub mod tip;
pub mod tx;
pub mod watcher;

pub use blobs::{BlobError, BlobReader, Blobs};
pub use capacity::{BlobSchedule, L1Capacity};
pub use client::{EndpointError, L1Client};
pub use config::{BlobAddressing, EndpointUrl, L1Config};
pub use disputes::{DisputeNames, DisputeRules, DisputeViews, DisputedProgram, Disputes};
pub use error::{L1Error, Severity};
pub use evidence::{L1Evidence, PostedEntry, RecordedEvidence, SentMessage};
pub use kzg::{Kzg, KzgError, KzgOpening, SidecarForm};
pub use outputs::{Outputs, Proposal, ProposalSource, RecordedProposals};
pub use reader::L1Reader;
pub use signer::{LocalSigner, SignerError};
pub use source::{L1Source, RecordedL1};
pub use tip::{L1Tip, watch_tip};
pub use watcher::{L1Event, L1Head, L1Watcher};
