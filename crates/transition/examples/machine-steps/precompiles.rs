//! What is measured of the precompiled contracts.

use alloy_primitives::Address;

use crate::{
    inputs::{self, Modulus},
    measured::Measured,
    tx::P256_SIGNATURE,
};

/// A precompile with an input that it takes.
fn case(name: impl Into<String>, number: u16, input: Vec<u8>) -> Measured {
    Measured::call(
        name,
        Address::from_word(alloy_primitives::B256::left_padding_from(&number.to_be_bytes())),
        input,
    )
}

pub(crate) fn all() -> Vec<Measured> {
    let recoverable = [&[7; 32][..], &[0; 31], &[27], &[0x11; 32], &[0x22; 32]].concat();
    let mut cases = vec![
        case("ECRECOVER", 1, recoverable),
        case("SHA256, 64 bytes", 2, vec![3; 64]),
        case("SHA256, 64 KiB", 2, vec![3; 65_536]),
        case("RIPEMD160, 64 bytes", 3, vec![3; 64]),
        case("RIPEMD160, 64 KiB", 3, vec![3; 65_536]),
        case("IDENTITY, 64 KiB", 4, vec![3; 65_536]),
        case("BN254 ADD", 6, inputs::bn_add()),
        case("BN254 MUL", 7, inputs::bn_mul()),
        case("BN254 PAIRING, 1 pair", 8, inputs::bn_pairing(1)),
        case("BN254 PAIRING, 8 pairs", 8, inputs::bn_pairing(8)),
        case("BLAKE2F, 1 round", 9, inputs::blake2f(1)),
        case("BLAKE2F, 12 rounds", 9, inputs::blake2f(12)),
        case("BLAKE2F, 10,000 rounds", 9, inputs::blake2f(10_000)),
        case("KZG POINT EVALUATION", 10, inputs::kzg()),
        case("BLS12 G1ADD", 11, inputs::g1_add()),
        case("BLS12 G2ADD", 13, inputs::g2_add()),
        case("BLS12 MAP FP TO G1", 16, inputs::field_element(5)),
        case(
            "BLS12 MAP FP2 TO G2",
            17,
            [inputs::field_element(5), inputs::field_element(6)].concat(),
        ),
        case("P256VERIFY", 0x100, P256_SIGNATURE.to_vec()),
    ];
    for pairs in [1, 2, 16, 128] {
        cases.push(case(format!("BLS12 G1MSM, {pairs} pairs"), 12, inputs::g1_msm(pairs)));
        cases.push(case(format!("BLS12 G2MSM, {pairs} pairs"), 14, inputs::g2_msm(pairs)));
    }
    for pairs in [1, 2, 16] {
        cases.push(case(format!("BLS12 PAIRING, {pairs} pairs"), 15, inputs::bls_pairing(pairs)));
    }
    cases.extend(modexp());
    cases
}

/// Lengths of the parts, and forms of exponents and moduli, among which the worst are known to be.
fn modexp() -> Vec<Measured> {
    let mut cases = Vec::new();
    let exponents: [(&str, Vec<u8>); 4] = [
        ("1", vec![1]),
        ("65537", vec![1, 0, 1]),
        ("256 ones", vec![0xff; 32]),
        ("8192 ones", vec![0xff; 1024]),
    ];
    for modulus in [1, 8, 24, 32, 40, 64, 256, 1024] {
        for kind in [Modulus::Odd, Modulus::Even, Modulus::Round] {
            for (what, exponent) in &exponents {
                // What is longer only takes longer to measure.
                if modulus * exponent.len() > 4_096 {
                    continue;
                }
                let name = format!("MODEXP, {modulus} bytes, {kind:?}, exponent {what}");
                let input = inputs::modexp(modulus, exponent, modulus, kind);
                cases.push(Measured { gas: 6_000_000, ..case(name, 5, input) });
            }
        }
    }
    for (base, modulus) in [(1024, 1), (1024, 8), (1, 1024)] {
        for kind in [Modulus::Odd, Modulus::Even] {
            let name =
                format!("MODEXP, {modulus} bytes, {kind:?}, base of {base} bytes, exponent 255");
            cases.push(case(name, 5, inputs::modexp(base, &[0xff], modulus, kind)));
        }
    }
    cases
}
