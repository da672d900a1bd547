//! Words of preimages: behind their ends, of none at all, under keys of any type.

use alloy::primitives::{B256, keccak256};
use fault_proof::vm::{Machine, Recorded, keccak_key, local_key};

use super::{
    contract::check,
    states::{DATA, call, host, put},
};

fn read(key: B256, offset: u64, host: &mut Recorded) -> Machine {
    let mut machine = call(1, [DATA, offset, DATA + 0x1_0000]);
    put(&mut machine, DATA, &key[..]);
    check(&mut machine, host);
    machine
}

#[test]
fn words_of_preimages() {
    let lengths = [0, 1, 31, 32, 33, 64, 532, 5_000];
    let (mut host, keys) = host(lengths);
    for (key, length) in keys.into_iter().zip(lengths) {
        let length = length as u64;
        for offset in [0, 1, 31, 32, 33, length, length + 1, length.saturating_sub(1), 1 << 32] {
            assert_eq!(read(key, offset, &mut host).register(10), length);
        }
        read(key, u64::MAX, &mut host);
    }
}

#[test]
fn local_inputs_and_unknown_keys() {
    let (mut host, _) = host([]);
    let mut large = local_key(0);
    large[1] = 1;
    let mut wide = local_key(0);
    wide[30] = 1;
    for offset in [0, 1, 31, 32, u64::MAX] {
        for number in [0, 1] {
            assert_eq!(read(local_key(number), offset, &mut host).register(10), 32);
        }
        for key in [local_key(2), local_key(0xff), large, wide] {
            assert_eq!(read(key, offset, &mut host).register(10), 0);
        }
        for kind in (0..=0xff).filter(|kind| ![1, 2, 5, 6].contains(kind)) {
            let mut key = keccak256([kind]);
            key[0] = kind;
            assert_eq!(read(key, offset, &mut host).register(10), 0);
        }
    }
    assert_eq!(read(local_key(0), 0, &mut Recorded::default()).register(10), 0);
}

#[test]
fn a_preimage_of_the_longest_batch_is_read() {
    let bytes = vec![0x5a; 120_000];
    let mut host = Recorded::default();
    let key = host.record(bytes.clone());
    assert_eq!(key, keccak_key(keccak256(&bytes)));
    assert_eq!(read(key, 119_990, &mut host).register(10), 120_000);
}
