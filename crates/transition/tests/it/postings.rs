//! What worthless postings make the machine do, that claim to be the next batch and decompress to as much as they may.

use std::io::Read;

use derivation::POSTINGS_WEIGHT_MAX;
use protocol::{
    Compression, TRANSACTION_GAS_MAX,
    batch::{BATCH_BYTES_MAX, BROTLI_BYTES_MAX},
    pack,
};
use transition::SEGMENT_GAS;

use crate::{
    l2::parameters,
    machine::both,
    vm::{STEPS_MAX, image, pins},
    world::{Post, Round, World, publish},
};

/// More than any instruction or precompiled contract takes for a unit of gas (`docs/spec/fault-proof.md`, section 6).
const STEPS_PER_GAS: u64 = 275;
const POSTINGS: u64 = 2;

/// Steps of the run of a block behind so many postings.
fn steps(payload: &[u8], count: u64) -> u64 {
    let worthless = (0..count).map(|_| (Post::Garbage(payload.to_vec()), false));
    let posts = worthless.chain([(Post::Honest(1), false)]).collect();
    let round = Round { l2: vec![vec![]], gap: 12, messages: vec![], posts };
    let mut world = World::play(&[round]);
    let parameters = parameters(&world.config, SEGMENT_GAS);
    world.known.bytes(parameters.encode().into());
    let leaves = publish(&mut world, SEGMENT_GAS);
    let view = world.derived[1].cursor.l1_number;
    let pins = pins(&world.l1, view, leaves[0][0], 0, parameters.hash());
    let (leaf, steps) = both(&image(), &world.known, pins);
    assert_eq!(leaf, leaves[1][0]);
    steps
}

#[test]
fn a_run_has_room_for_all_postings_and_all_gas() {
    let gas = SEGMENT_GAS + TRANSACTION_GAS_MAX;
    let bound = (STEPS_MAX - gas * STEPS_PER_GAS) / POSTINGS_WEIGHT_MAX;
    let mut brotli = Vec::new();
    let zeros = vec![0; BROTLI_BYTES_MAX];
    brotli::CompressorReader::new(&zeros[..], 1 << 16, 9, 22).read_to_end(&mut brotli).unwrap();
    let zstd = zstd::bulk::compress(&vec![0; BATCH_BYTES_MAX], 9).unwrap();
    for (compression, columns) in [(Compression::Brotli, brotli), (Compression::Zstd, zstd)] {
        let payload = pack(compression, &columns, &[]);
        let of_one = (steps(&payload, POSTINGS) - steps(&payload, 0)) / POSTINGS;
        assert!(of_one < bound, "{compression:?}: {of_one} steps, {bound} fit");
    }
}
