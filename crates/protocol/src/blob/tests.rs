//! Tests of [`super`].

use proptest::{collection::vec as bytes, prelude::*};

use super::*;

fn slices(blobs: &[Box<[u8; BLOB_BYTES]>]) -> Vec<&[u8]> {
    blobs.iter().map(|blob| &blob[..]).collect()
}

/// Bytes that differ from place to place.
fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap() + 1).collect()
}

#[test]
fn lengths_around_every_edge_round_trip() {
    let one = BLOB_BYTES_USABLE - LENGTH_PREFIX_BYTES;
    let edges = [0, 1, 26, 27, 28, 58, 59, one - 1, one, one + 1, one + BLOB_BYTES_USABLE];
    for len in edges.into_iter().chain([BLOB_PAYLOAD_BYTES_MAX]) {
        let payload = payload(len);
        let blobs = pack(&payload).unwrap();
        assert_eq!(blobs.len(), blobs_needed(len), "{len}");
        assert_eq!(unpack(&slices(&blobs)), Ok(payload), "{len}");
    }
    assert_eq!(pack(&payload(one)).unwrap().len(), 1);
    assert_eq!(pack(&payload(one + 1)).unwrap().len(), 2);
    let too_long = BLOB_PAYLOAD_BYTES_MAX + 1;
    assert_eq!(pack(&payload(too_long)).err(), Some(BlobError::PayloadTooLong(too_long)));
}

#[test]
fn layout_is_that_of_the_specification() {
    let blobs = pack(&payload(30)).unwrap();
    let blob = &blobs[0];
    assert_eq!(blob[..5], [0, 0, 0, 0, 30]);
    assert_eq!(blob[5..32], payload(30)[..27]);
    assert_eq!(blob[32], 0);
    assert_eq!(blob[33..36], payload(30)[27..]);
    assert!(blob[36..].iter().all(|byte| *byte == 0));
    assert_eq!(BLOB_BYTES_USABLE, 126_976);
}

#[test]
fn what_is_not_canonical_is_refused() {
    let payload = payload(100);
    let blobs = pack(&payload).unwrap();
    let edit = |at: usize, byte: u8| {
        let mut blob = blobs[0].clone();
        blob[at] = byte;
        unpack(&[&blob[..]])
    };
    assert_eq!(edit(64, 1), Err(BlobError::ElementHead { index: 0, element: 2 }));
    assert_eq!(edit(BLOB_BYTES - 1, 1), Err(BlobError::Padding));
    assert_eq!(edit(1, 1), Err(BlobError::BlobCount { actual: 1, needed: 133 }));
    assert!(edit(1, 0xff).is_err());

    let empty = [0u8; BLOB_BYTES];
    let two = [&blobs[0][..], &empty[..]];
    assert_eq!(unpack(&two), Err(BlobError::BlobCount { actual: 2, needed: 1 }));
    assert_eq!(unpack(&[]), Err(BlobError::BlobCount { actual: 0, needed: 1 }));
    let seven = [&empty[..]; 7];
    assert_eq!(unpack(&seven), Err(BlobError::BlobCount { actual: 7, needed: 1 }));
    let short = Err(BlobError::BlobSize { index: 0, bytes: 100 });
    assert_eq!(unpack(&[&empty[..100]]), short);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_unpacks_packs_back(
        payload in bytes(any::<u8>(), 0..400),
        edits in bytes((0usize..2_000, any::<u8>()), 0..3),
    ) {
        let mut blobs = pack(&payload).unwrap();
        for (at, byte) in edits {
            blobs[0][at] = byte;
        }
        if let Ok(read) = unpack(&slices(&blobs)) {
            prop_assert_eq!(pack(&read).unwrap(), blobs);
        }
    }
}
