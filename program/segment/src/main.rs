//! The program of a dispute: the state transition of one segment, from the claim before it to the next.
//!
//! What it computes is `transition::run`, as the verifier runs it natively; here is only where its inputs come from. The output
//! is the claim. Exit code 1, and no output, means that there is none.
#![no_std]
#![no_main]

use alloy_primitives::{B256, Bytes};
use transition::{LocalInput, Outcome, PrecompileFailed, PrecompileResult, Preimages};

guest::entry!(run);

fn run() -> Result<B256, NoClaim> {
    guest::install_for_transactions();
    guest::install_for_evm();
    match transition::run(&Host) {
        Ok(outcome @ (Outcome::Claim(_) | Outcome::Repeated(_))) => Ok(outcome.leaf()),
        Ok(Outcome::Invalid(_)) | Err(_) => Err(NoClaim),
    }
}

/// No claim follows from the one before.
struct NoClaim;

/// The host calls of the machine.
struct Host;

impl Preimages for Host {
    fn keccak(&self, hash: &B256) -> Option<Bytes> {
        Some(guest::preimage(guest::keccak_key(*hash)).into())
    }

    fn keccak_head(&self, hash: &B256) -> Option<B256> {
        Some(guest::preimage_head(guest::keccak_key(*hash)))
    }

    fn local(&self, input: LocalInput) -> Option<B256> {
        guest::local(input as u8)
    }

    fn blob_element(&self, versioned_hash: &B256, index: u32) -> Option<B256> {
        guest::blob_element(versioned_hash, index)
    }

    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult> {
        let output = guest::precompile(address, gas, input);
        Some(output.map(Bytes::from).ok_or(PrecompileFailed))
    }
}
