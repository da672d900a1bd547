//! The program that a dispute runs, as it stands in the machine before its first step.
//!
//! The bytes are committed, because a verifier cannot build them and the contracts hold the hash of the machine that they
//! make. Invariant: [`initial_state`] is what `program/images/segment.json` says of the same image.

use std::sync::LazyLock;

use alloy::primitives::B256;
use fault_proof::{Image, vm::Machine};

static IMAGE: LazyLock<Image> = LazyLock::new(|| {
    let bytes = include_bytes!("../../program/images/segment.image");
    Image::decode(bytes).expect("the committed image is one, which a test checks")
});

static INITIAL_STATE: LazyLock<B256> = LazyLock::new(|| first_machine().hash());

/// The image of the transition of one segment.
pub fn segment_image() -> &'static Image {
    &IMAGE
}

/// The machine before the first step of any segment's run.
pub fn first_machine() -> Machine {
    IMAGE.machine()
}

/// The hash of that state, which the dispute contracts hold.
pub fn initial_state() -> B256 {
    *INITIAL_STATE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_the_one_that_its_facts_are_of() {
        let facts = include_str!("../../program/images/segment.json");
        let facts: serde_json::Value = serde_json::from_str(facts).unwrap();
        let of = |name: &str| facts[name].as_str().unwrap().parse::<B256>().unwrap();
        assert_eq!(initial_state(), of("firstState"));
        assert_eq!(first_machine().memory.root(), of("memoryRoot"));
        assert_eq!(segment_image().encode(), include_bytes!("../../program/images/segment.image"));
    }
}
