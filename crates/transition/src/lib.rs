//! The state transition of one segment: from one claim about the chain to the next, with everything that is read asked for
//! by its hash. A verifier runs it natively, a dispute runs the same code in a machine, and both must give the same claim.
//!
//! ```text
//! previous claim ─▶ L2 header ─▶ head, cursor
//! pinned L1      ─▶ entries, messages, headers ─▶ Derivation ─▶ block inputs
//! state root     ─▶ trie nodes by hash ─▶ SerialExecutor ─▶ receipts, diff ─▶ header ─▶ next claim
//! ```
//!
//! [`run`] is the whole of it: it takes a host ([`Preimages`]) and gives an [`Outcome`], the leaf of the tree that stands at
//! the place which the host's local inputs name. What a leaf says is a [`Claim`]: a [`BlockClaim`] after a block, or a
//! [`SliceClaim`] in the midst of a large one. [`INVALID`] is the leaf where nothing can follow. The bytes are normative in
//! `docs/spec/claims.md`.
//!
//! Not here: the machine, the game, and where a host gets its bytes from. No rule of derivation or execution is here either:
//! those are in `derivation` and `executor`, and this feeds them.
//!
//! Invariants: a run is total, so whatever is posted on L1 leads to a claim; it depends on nothing but the bytes that it asks
//! for; and a host that lacks one of them is the only error.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod claim;
mod derive;
mod halt;
mod l1;
mod parameters;
mod parent;
mod preimages;
mod reader;
mod run;
mod slice;

pub use claim::{
    BLOCK_CLAIM_BYTES, BlockClaim, Claim, INVALID, PLACES_PER_BLOCK, SEGMENT_GAS,
    SLICE_CLAIM_BYTES, SliceClaim, receipt_link, receipts_next,
};
pub use derivation::Cursor;
pub use halt::Invalid;
pub use parameters::ChainParameters;
pub use preimages::{LocalInput, Missing, PreimageKey, Preimages};
pub use run::{Outcome, run};
pub use state::{PrecompileFailed, PrecompileResult};
