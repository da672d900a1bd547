//! Preimages that L1 is shown by precompiles: elements of blobs, and results of precompiles.

use std::{sync::LazyLock, thread};

use alloy::{
    consensus::EnvKzgSettings,
    eips::eip4844::kzg_to_versioned_hash,
    primitives::{Address, B256, keccak256},
};
use c_kzg::{Blob, Bytes32};
use fault_proof::vm::{
    BLOB_ELEMENTS, BlobElement, Host, Machine, Openings, PrecompileCall, Recorded, blob_point,
};
use proptest::prelude::*;
use revm::precompile::{PrecompileOutput, Precompiles};

use super::{
    contract::{Failure, StepErrors, check, step},
    states::{DATA, call, put},
};

pub(crate) fn read(key: B256, offset: u64) -> Machine {
    let mut machine = call(1, [DATA, offset, DATA + 64]);
    put(&mut machine, DATA, &key[..]);
    machine
}

pub(crate) fn word(machine: &Machine) -> B256 {
    B256::new(machine.memory.read(DATA + 64).unwrap())
}

/// Numbers of elements whose bits, reversed, are all kinds of exponents.
const NUMBERS: [u64; 8] = [0, 1, 2, 3, 2_048, 1_365, 4_094, 4_095];

/// Elements of a blob whose bytes are all different.
pub(crate) static ELEMENTS: LazyLock<Vec<BlobElement>> = LazyLock::new(|| {
    // c-kzg needs more stack than a test has.
    let elements = thread::Builder::new().stack_size(16 << 20).spawn(elements).unwrap();
    elements.join().unwrap()
});

fn elements() -> Vec<BlobElement> {
    let settings = EnvKzgSettings::Default.get();
    let element = |number: u64| {
        let mut element = keccak256(number.to_be_bytes());
        element[0] = 0;
        element
    };
    let bytes: Vec<u8> = (0..BLOB_ELEMENTS).flat_map(|number| element(number).0).collect();
    let blob = Blob::from_bytes(&bytes).unwrap();
    let commitment = settings.blob_to_kzg_commitment(&blob).unwrap().to_bytes().into_inner();
    let versioned_hash = kzg_to_versioned_hash(&commitment);
    let prove = |number| {
        let point = Bytes32::new(blob_point(number).0);
        let (proof, value) = settings.compute_kzg_proof(&blob, &point).unwrap();
        // The polynomial has the element itself at its point.
        assert_eq!(value.as_slice(), element(number).as_slice(), "{number}");
        BlobElement {
            versioned_hash,
            number,
            value: element(number),
            commitment,
            proof: proof.to_bytes().into_inner(),
        }
    };
    NUMBERS.map(prove).to_vec()
}

/// Loading the trusted set-up takes most of a test's time, so there is one for all elements.
#[test]
fn elements_of_a_blob() {
    ELEMENTS.iter().for_each(check_element);
    refuse_what_is_no_element();
    refuse_other_bytes();
}

fn check_element(element: &BlobElement) {
    let mut host = Recorded::default();
    let key = host.record_blob_element(element);
    for offset in [0, 1, 32, u64::MAX] {
        let mut machine = read(key, offset);
        check(&mut machine, &mut host);
        assert_eq!((machine.register(10), machine.exit), (32, None));
        assert!(offset > 0 || word(&machine) == element.value);
    }
}

/// Every byte of an opening counts.
fn refuse_other_bytes() {
    let mut host = Recorded::default();
    let mut machine = read(host.record_blob_element(&ELEMENTS[3]), 0);
    let (state, proof) = (machine.hash(), machine.proof(&mut host).unwrap());
    for place in proof.len() - 168..proof.len() {
        let mut other = proof.clone();
        other[place] ^= 1 << (place % 8);
        let next = step(state, &other, &[], 1_000_000).next;
        assert!(matches!(next, Err(Failure::Refused(_))), "{place}: {next:?}");
    }
}

fn refuse_what_is_no_element() {
    let good = &ELEMENTS[5];
    let mut others = vec![
        BlobElement { value: B256::ZERO, ..good.clone() },
        BlobElement { number: good.number + 1, ..good.clone() },
        // The same point of the field, but no element's number.
        BlobElement { number: good.number + BLOB_ELEMENTS, ..good.clone() },
        BlobElement { number: u64::MAX, ..good.clone() },
        BlobElement { versioned_hash: B256::repeat_byte(1), ..good.clone() },
        BlobElement { commitment: [0; 48], ..good.clone() },
        BlobElement { proof: ELEMENTS[1].proof, ..good.clone() },
    ];
    others.push(BlobElement { number: ELEMENTS[2].number, ..ELEMENTS[1].clone() });
    for element in others {
        let mut host = Recorded::default();
        let key = host.record_blob_element(&element);
        let mut machine = read(key, 0);
        let state = machine.hash();
        let proof = machine.proof(&mut host).unwrap();
        let next = step(state, &proof, &[], 10_000_000).next;
        let is_refused = matches!(next, Err(Failure::Refused(StepErrors::WrongPreimage(error))) if error.key == key);
        assert!(is_refused, "{element:?}");
    }
}

/// What the precompile gives with this gas: the EVM's own, not our contract's call to it.
pub(crate) fn output(call: &PrecompileCall) -> Option<Vec<u8>> {
    let address = Address::with_last_byte(u8::try_from(call.address).unwrap());
    let Some(precompile) = Precompiles::prague().get(&address) else { return Some(Vec::new()) };
    let PrecompileOutput { status, bytes, .. } =
        precompile.execute(&call.input, call.gas, 0).unwrap();
    status.is_success().then(|| bytes.to_vec())
}

fn check_precompile(call: &PrecompileCall) -> u64 {
    let output = output(call);
    let mut host = Recorded::default();
    let key = host.record_precompile(call, output.as_deref());
    let length = output.as_ref().map_or(0, Vec::len) as u64 + 1;
    for offset in [0, 1, 32, length - 1, length] {
        let mut machine = read(key, offset);
        check(&mut machine, &mut host);
        assert_eq!(machine.register(10), length);
        let first = u8::from(output.is_some());
        assert!(offset > 0 || word(&machine)[0] == first, "{call:?}");
    }
    length
}

#[test]
fn precompiles_that_succeed_and_fail() {
    let call = |address, gas, input: &[u8]| PrecompileCall { address, gas, input: input.to_vec() };
    // SHA-256 of 33 bytes costs 60 + 2 · 12.
    assert_eq!(check_precompile(&call(2, 84, &[7; 33])), 33);
    assert_eq!(check_precompile(&call(2, 83, &[7; 33])), 1);
    assert_eq!(check_precompile(&call(4, 15, &[])), 1);
    assert_eq!(check_precompile(&call(4, 15 + 3 * 3_750, &[0x5a; 120_000])), 120_001);
    // A point that is on no curve; the sum of two at infinity; no output of a signature that is none.
    assert_eq!(check_precompile(&call(6, 150, &[1; 128])), 1);
    assert_eq!(check_precompile(&call(6, 150, &[])), 65);
    assert_eq!(check_precompile(&call(6, 149, &[])), 1);
    assert_eq!(check_precompile(&call(1, 3_000, &[0; 128])), 1);
    assert_eq!(check_precompile(&call(5, 1_000_000, &modexp())), 257);
    assert_eq!(check_precompile(&call(5, 1_000, &modexp())), 1);
    // Where there is nothing, every call succeeds.
    assert_eq!(check_precompile(&call(0, 0, &[])), 1);
    assert_eq!(check_precompile(&call(0x7f, 0, b"nobody")), 1);
}

/// 3 to the power of 2^2048 − 1, modulo 2^2048 − 1.
fn modexp() -> Vec<u8> {
    let length = |length| B256::left_padding_from(&[length, 0]);
    let lengths = [B256::with_last_byte(1), length(1), length(1)];
    [lengths.concat(), vec![3], vec![0xff; 512]].concat()
}

/// An opening that is too short to be one, under the key that it has the hash of.
#[test]
fn short_openings_are_refused() {
    struct Short(Vec<u8>);
    impl Host for Short {
        type Error = std::convert::Infallible;
        fn locals(&self) -> &[B256] {
            &[]
        }
        fn preimage(&mut self, _: B256) -> Result<&[u8], Self::Error> {
            Ok(&[])
        }
    }
    impl Openings for Short {
        fn opening(&mut self, _: B256) -> Result<&[u8], Self::Error> {
            Ok(&self.0)
        }
    }
    for (kind, lengths) in [(5, [0, 39, 40, 167, 169]), (6, [0, 1, 2, 8, 9])] {
        for length in lengths {
            let opening = vec![0; length];
            let mut key =
                keccak256(&opening[..std::cmp::min(length, if kind == 5 { 40 } else { 9 })]);
            key[0] = kind;
            let mut machine = read(key, 0);
            let state = machine.hash();
            let proof = machine.proof(&mut Short(opening)).unwrap();
            let next = step(state, &proof, &[], 10_000_000).next;
            let is_refused = matches!(next, Err(Failure::Refused(StepErrors::WrongPreimage(_))));
            assert!(is_refused, "{kind} {length}: {next:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_precompile_on_any_input(
        address in 0_u16..0x14,
        gas in prop_oneof![0_u64..5_000, 0_u64..400_000],
        input in prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], 0..400),
    ) {
        check_precompile(&PrecompileCall { address, gas, input });
    }
}
