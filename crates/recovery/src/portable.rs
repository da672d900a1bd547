//! One signature, by libsecp256k1.

use alloy_primitives::{Address, U256, uint};
use secp256k1::{
    Message, SECP256K1,
    ecdsa::{RecoverableSignature, RecoveryId},
};

use crate::{HighS, Signed};

/// Half the order of the group, rounded down: the highest `s` that is not high.
const HALF_N: U256 = uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

/// Who signed; `None` if nobody did.
pub(crate) fn recover(signed: &Signed, high_s: HighS) -> Option<Address> {
    if high_s == HighS::Refused && signed.s > HALF_N {
        return None;
    }
    let id = if signed.odd_y { RecoveryId::One } else { RecoveryId::Zero };
    let mut compact = [0; 64];
    compact[..32].copy_from_slice(&signed.r.to_be_bytes::<32>());
    compact[32..].copy_from_slice(&signed.s.to_be_bytes::<32>());
    let signature = RecoverableSignature::from_compact(&compact, id).ok()?;
    let key = SECP256K1.recover_ecdsa(Message::from_digest(signed.hash.0), &signature).ok()?;
    Some(Address::from_raw_public_key(&key.serialize_uncompressed()[1..]))
}
