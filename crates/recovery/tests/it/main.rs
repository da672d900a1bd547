//! Every answer must be libsecp256k1's: the same address, or none in the same cases.

mod crafted;
mod edges;
mod numbers;
mod random;
mod speed;

use alloy_primitives::{Address, U256, keccak256, uint};
use recovery::{HighS, Recoverer, Signed};
use secp256k1::{
    Message, SECP256K1,
    ecdsa::{RecoverableSignature, RecoveryId},
};

/// Half the order of the group, rounded down.
const HALF_N: U256 = uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

/// What libsecp256k1 says.
fn oracle(signed: &Signed, high_s: HighS) -> Option<Address> {
    if high_s == HighS::Refused && signed.s > HALF_N {
        return None;
    }
    let id = if signed.odd_y { RecoveryId::One } else { RecoveryId::Zero };
    let mut compact = [0; 64];
    compact[..32].copy_from_slice(&signed.r.to_be_bytes::<32>());
    compact[32..].copy_from_slice(&signed.s.to_be_bytes::<32>());
    let signature = RecoverableSignature::from_compact(&compact, id).ok()?;
    let key = SECP256K1.recover_ecdsa(Message::from_digest(signed.hash.0), &signature).ok()?;
    Some(Address::from_slice(&keccak256(&key.serialize_uncompressed()[1..])[12..]))
}

/// Compares, and returns how many have a signer.
fn check(recoverer: &mut Recoverer, high_s: HighS, signed: &[Signed]) -> usize {
    let mut signers = vec![Some(Address::repeat_byte(1)); 3];
    recoverer.recover(signed, &mut signers);
    assert_eq!(signers.len(), signed.len());
    for (i, (signed, signer)) in signed.iter().zip(&signers).enumerate() {
        assert_eq!(*signer, oracle(signed, high_s), "{i}: {signed:?}");
    }
    assert_eq!(recoverer.given_back(), 0);
    signers.iter().flatten().count()
}

#[test]
fn a_cpu_without_lanes_is_told() {
    let [wide, portable] = both(HighS::Refused);
    if !wide.is_wide() {
        println!("SKIPPED: this CPU has no AVX-512 IFMA, so no test here tests the lanes");
    }
    assert!(!portable.is_wide());
}

/// With lanes, if there are any, and without.
fn both(high_s: HighS) -> [Recoverer; 2] {
    [Recoverer::new(high_s), Recoverer::portable(high_s)]
}
