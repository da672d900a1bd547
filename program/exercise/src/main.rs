//! Not the program of a dispute: a test program, which asks of the machine and of the library below programs whatever a real
//! one asks of them. The tests of `fault-proof` compute the same natively.
#![no_std]
#![no_main]

extern crate alloc;

mod work;

use alloy_primitives::{B256, U256};

guest::entry!(run);

/// Local input 0 is the seed, local input 1 the hash of a preimage, local input 2 the number of rounds.
fn run() -> Result<B256, Missing> {
    let [seed, hash, rounds] = [0, 1, 2].map(guest::local);
    let bytes = guest::preimage(guest::keccak_key(hash.ok_or(Missing)?));
    let rounds = U256::from_be_bytes(rounds.ok_or(Missing)?.0).saturating_to();
    Ok(work::work(seed.ok_or(Missing)?, &bytes, rounds, guest::recover))
}

/// A local input is not there.
struct Missing;
