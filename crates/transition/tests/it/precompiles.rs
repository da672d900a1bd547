//! Every precompiled contract, with inputs that it takes and others, natively and in the machine: there the dear ones are read
//! from L1 and not computed.

use std::collections::BTreeSet;

use executor::result_on_l1;
use transition::run;

use crate::{
    host::Host,
    inputs::{self, Modulus},
    l2::parameters,
    machine::both,
    tx::{Act, P256_SIGNATURE, call_precompile},
    vm::{image, pins},
    world::{Post, Round, World, publish},
};

/// What L1 shows.
const SHOWN: [u16; 9] = [0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x100];
/// Enough for every call here.
const GAS: u64 = 1_000_000;

/// Inputs that are taken.
fn right() -> Vec<(u16, Vec<u8>)> {
    let field = [5, 6].map(inputs::field_element);
    vec![
        (0x01, [&[7; 32][..], &[0; 31], &[27], &[0x11; 32], &[0x22; 32]].concat()),
        (0x02, vec![3; 100]),
        (0x03, vec![3; 100]),
        (0x04, vec![3; 100]),
        (0x05, inputs::modexp(40, &[0xff; 40], 40, Modulus::Even)),
        (0x06, inputs::bn_add()),
        (0x07, inputs::bn_mul()),
        (0x08, inputs::bn_pairing(2)),
        (0x09, inputs::blake2f(12)),
        (0x0a, inputs::kzg()),
        (0x0b, inputs::g1_add()),
        (0x0c, inputs::g1_msm(3)),
        (0x0d, inputs::g2_add()),
        (0x0e, inputs::g2_msm(2)),
        (0x0f, inputs::bls_pairing(2)),
        (0x10, field[0].clone()),
        (0x11, field.concat()),
        (0x100, P256_SIGNATURE.to_vec()),
    ]
}

/// The same with a byte changed, a byte short, a byte long, and nothing.
fn wrong(input: &[u8]) -> [Vec<u8>; 4] {
    let mut changed = input.to_vec();
    changed[0] ^= 0x40;
    let short = input[..input.len() - 1].to_vec();
    [changed, short, [input, &[0]].concat(), Vec::new()]
}

#[test]
fn the_image_gives_what_every_precompile_gives() {
    let cases = right();
    for (address, input) in &cases {
        assert!(result_on_l1(*address, GAS, input).is_ok(), "{address:#x} takes its input");
    }
    let with_wrong = |(address, input): &(u16, Vec<u8>)| {
        let calls = wrong(input).map(|input| call_precompile(*address, &input));
        [call_precompile(*address, input)].into_iter().chain(calls).map(|act| (0, act)).collect()
    };
    let calls: Vec<Vec<(usize, Act)>> = cases.iter().map(with_wrong).collect();
    // Not so many blocks that they drift away from L1.
    let l2: Vec<_> = calls.chunks(3).map(<[_]>::concat).collect();
    let round = Round { l2, gap: 60, messages: vec![], posts: vec![(Post::Honest(99), false)] };
    let mut world = World::play(&[round]);
    assert_eq!(world.derived.len(), 7);
    let parameters = parameters(&world.config, 100_000_000);
    world.known.bytes(parameters.encode().into());
    let leaves = publish(&mut world, 100_000_000);
    let (first, mut shown) = (image(), BTreeSet::new());
    for (pair, derived) in leaves.windows(2).zip(&world.derived[1..]) {
        let pins = pins(&world.l1, derived.cursor.l1_number, pair[0][0], 0, parameters.hash());
        let host = Host::new(&world.known, pins);
        assert_eq!(run(&host).unwrap().leaf(), pair[1][0]);
        for (address, gas, input) in host.computed.take() {
            shown.insert((address, result_on_l1(address, gas, &input).is_ok()));
        }
        assert_eq!(both(&first, &world.known, pins).0, pair[1][0]);
    }
    let addresses: BTreeSet<u16> = shown.iter().map(|(address, _)| *address).collect();
    assert_eq!(addresses, SHOWN.into());
    // All but the verification of a signature can fail.
    let fail = shown.iter().filter(|(_, succeeds)| !succeeds).count();
    assert_eq!(fail, SHOWN.len() - 1, "{shown:?}");
}
