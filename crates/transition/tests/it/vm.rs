//! The machine with the program of a dispute, given what a native run asked for.

use std::{fs, path::Path};

use alloy_primitives::B256;
use fault_proof::{
    Image,
    vm::{BlobElement, Machine, PrecompileCall, Recorded},
};
use transition::{LocalInput, PreimageKey, Preimages};

use crate::{
    host::{Host, Pins},
    l1::L1,
};

/// What the machine takes at most.
pub(crate) const STEPS_MAX: u64 = 1 << 36;

pub(crate) fn image() -> Machine {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../program/images/segment.image");
    Image::decode(&fs::read(path).unwrap()).unwrap().machine()
}

/// What a proposal pins that is made in this L1 block, after everything else in it.
pub(crate) fn pins(l1: &L1, l1_number: u64, previous: B256, place: u64, parameters: B256) -> Pins {
    let tip = l1.number();
    let now = l1.accumulators_after(std::cmp::min(l1_number, tip));
    let l1_parent_hash = l1.get(l1_number - 1).unwrap().origin.hash;
    let (batches, messages) = (now.batches, now.messages);
    Pins { previous, batches, messages, l1_number, l1_parent_hash, parameters, place }
}

/// A host of the machine that knows what a native run asked for.
pub(crate) fn recorded(host: &Host<'_>) -> Recorded {
    let locals = LocalInput::ALL.map(|input| host.local(input).unwrap());
    let mut recorded = Recorded::new(locals.to_vec());
    let asked = host.asked.borrow().clone();
    for key in asked {
        match key {
            PreimageKey::Local(_) => {}
            PreimageKey::Keccak(hash) => {
                recorded.record(host.keccak(&hash).unwrap().to_vec());
            }
            PreimageKey::BlobElement { versioned_hash, index } => {
                let value = host.blob_element(&versioned_hash, index).unwrap();
                let (number, commitment, proof) = (index.into(), [0; 48], [0; 48]);
                let element = BlobElement { versioned_hash, number, value, commitment, proof };
                recorded.record_blob_element(&element);
            }
        }
    }
    for (address, gas, input) in host.computed.take() {
        let result = executor::result_on_l1(address, gas, &input).ok();
        recorded.record_precompile(
            &PrecompileCall { address, gas, input },
            result.as_ref().map(|output| &output[..]),
        );
    }
    recorded
}
