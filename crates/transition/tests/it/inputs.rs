//! Inputs of precompiles, as dear as they come for their gas.

use alloy_primitives::{Bytes, U256, hex, keccak256};
use revm::precompile::{
    bls12_381::{map_fp_to_g1, map_fp2_to_g2},
    kzg_point_evaluation::kzg_to_versioned_hash,
};

const ENOUGH: u64 = 100_000_000;

/// The right value of a polynomial at a point, from the tests of EIP-4844.
pub(crate) fn kzg() -> Vec<u8> {
    let commitment = hex!(
        "8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7"
    );
    let z = hex!("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000");
    let y = hex!("1522a4a7f34e1ea350ae07c29c96c7e79655aa926122e95fe69fcbd932ca49e9");
    let proof = hex!(
        "a62ad71d14c5719385c0686f1871430475bf3a00f0aa3f7b8dd99a9abc2160744faf0070725e00b60ad9a026a15b1a8c"
    );
    let hash = kzg_to_versioned_hash(&commitment);
    [&hash[..], &z, &y, &commitment, &proof].concat()
}

/// A field element of BLS12-381, below its order.
pub(crate) fn field_element(seed: u64) -> Vec<u8> {
    let low = keccak256(seed.to_be_bytes());
    let high = keccak256(low);
    [&[0; 16][..], &[0x17], &high[..15], &low[..]].concat()
}

fn g1(seed: u64) -> Bytes {
    map_fp_to_g1::map_fp_to_g1(&field_element(seed), ENOUGH).expect("an element").bytes
}

fn g2(seed: u64) -> Bytes {
    let element = [field_element(seed), field_element(seed + 1)].concat();
    map_fp2_to_g2::map_fp2_to_g2(&element, ENOUGH).expect("an element").bytes
}

pub(crate) fn g1_add() -> Vec<u8> {
    [g1(1), g1(2)].concat()
}

pub(crate) fn g2_add() -> Vec<u8> {
    [g2(1), g2(3)].concat()
}

/// Points with scalars of 256 bits.
pub(crate) fn g1_msm(pairs: u64) -> Vec<u8> {
    (1..=pairs)
        .flat_map(|seed| [&g1(seed)[..], keccak256(seed.to_le_bytes()).as_slice()].concat())
        .collect()
}

pub(crate) fn g2_msm(pairs: u64) -> Vec<u8> {
    (1..=pairs)
        .flat_map(|seed| [&g2(seed)[..], keccak256(seed.to_le_bytes()).as_slice()].concat())
        .collect()
}

pub(crate) fn bls_pairing(pairs: u64) -> Vec<u8> {
    (1..=pairs).flat_map(|seed| [g1(seed), g2(seed)].concat()).collect()
}

/// The generators of alt_bn128, and twice the first.
pub(crate) fn bn_add() -> Vec<u8> {
    let double = hex!(
        "030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3"
        "15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4"
    );
    [&bn_g1()[..], &double].concat()
}

fn bn_g1() -> Vec<u8> {
    [U256::ONE, U256::from(2)].map(|number| number.to_be_bytes::<32>()).concat()
}

pub(crate) fn bn_mul() -> Vec<u8> {
    [bn_g1(), vec![0xff; 32]].concat()
}

pub(crate) fn bn_pairing(pairs: u64) -> Vec<u8> {
    let g2 = hex!(
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
        "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
        "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
        "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
    );
    (0..pairs).flat_map(|_| [&bn_g1()[..], &g2].concat()).collect()
}

/// `rounds` of the compression.
pub(crate) fn blake2f(rounds: u32) -> Vec<u8> {
    [&rounds.to_be_bytes()[..], &[0x55; 208], &[1]].concat()
}

/// What a modulus ends with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Modulus {
    Odd,
    Even,
    /// Half of it is zeros.
    Round,
}

pub(crate) fn modexp(base: usize, exponent: &[u8], modulus: usize, kind: Modulus) -> Vec<u8> {
    let lengths =
        [base, exponent.len(), modulus].map(|length| U256::from(length).to_be_bytes::<32>());
    let mut number = vec![0xff; modulus];
    number[0] = 0xfb;
    match kind {
        Modulus::Odd => {}
        Modulus::Even => number[modulus - 1] = 0xfe,
        Modulus::Round => number[modulus / 2..].fill(0),
    }
    let base: Vec<u8> = (0x96..=0xf9).rev().cycle().take(base).collect();
    [lengths.concat(), base, exponent.to_vec(), number].concat()
}
