//! Tests of [`super`]: the same bytes as libzstd for whatever it writes, and no panic for anything else.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

const MAX: usize = 1 << 20;

/// Bytes that compress in different ways: noise, few symbols, repeats near and far.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..2000);
    let few = prop::collection::vec(0u8..5, 0..5000);
    let skewed = prop::collection::vec((0u8..=255).prop_map(|b| b & (b >> 3) & (b >> 5)), 0..9000);
    let run = (any::<u8>(), 0usize..300_000).prop_map(|(byte, len)| alloc::vec![byte; len]);
    let repeated = (prop::collection::vec(any::<u8>(), 1..400), 1usize..600)
        .prop_map(|(unit, times)| unit.repeat(times));
    let piece = prop_oneof![noise, few, skewed, run, repeated];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn reads_what_libzstd_writes(content in content(), level in -5i32..=19) {
        let frame = zstd::bulk::compress(&content, level).unwrap();
        prop_assert_eq!(decompress(&frame, 16 * MAX), Ok(content));
    }

    #[test]
    fn never_passes_the_bound(content in content(), level in 1i32..=9, cut in 0usize..200_000) {
        let frame = zstd::bulk::compress(&content, level).unwrap();
        let bound = content.len().saturating_sub(1 + cut % core::cmp::max(content.len(), 1));
        if bound < content.len() {
            prop_assert_eq!(decompress(&frame, bound), Err(ZstdError::TooLarge));
        }
    }

    #[test]
    fn streamed_frames_without_content_size(content in content(), level in 1i32..=9) {
        let frame = zstd::stream::encode_all(&content[..], level).unwrap();
        prop_assert_eq!(decompress(&frame, 16 * MAX), Ok(content.clone()));
        let bound = content.len() / 2;
        if bound < content.len() {
            prop_assert_eq!(decompress(&frame, bound), Err(ZstdError::TooLarge));
        }
    }

    /// Mutated frames: whenever we accept, libzstd accepts and reads the same; and we never panic.
    #[test]
    fn accepts_no_more_than_libzstd(
        content in content(),
        level in 1i32..=19,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut frame = zstd::bulk::compress(&content, level).unwrap();
        for (at, byte) in edits {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        if let Ok(ours) = decompress(&frame, MAX) {
            prop_assert_eq!(zstd::bulk::decompress(&frame, MAX).ok(), Some(ours));
        }
    }

    #[test]
    fn random_bytes_behind_a_header(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut frame = MAGIC.to_vec();
        // No content size, a window of 128 KiB, one compressed block that holds all that follows.
        frame.extend_from_slice(&[0x00, 0x38]);
        let header = u32::try_from(bytes.len()).unwrap() << 3 | 0b101;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.append(&mut bytes);
        if let Ok(ours) = decompress(&frame, MAX) {
            prop_assert_eq!(zstd::bulk::decompress(&frame, MAX).ok(), Some(ours));
        }
    }
}

#[test]
fn a_block_that_grows_beyond_its_bound_is_refused() {
    // One literal, then sequences of the longest match (131,074 bytes) at offset 1: each costs two bytes.
    let count = 40_000usize;
    let mut block = alloc::vec![0x08, b'a']; // raw literals, one byte
    block.extend_from_slice(&[0xff]);
    block.extend_from_slice(&u16::try_from(count - 0x7f00).unwrap().to_le_bytes());
    // All three tables have one state: literal length code 1 or 0, offset value 1..3, match code 52.
    block.extend_from_slice(&[0b0101_0100, 1, 0, 52]);
    block.extend(core::iter::repeat_n(0xff, 2 * count));
    block.push(1);
    let mut frame = MAGIC.to_vec();
    frame.extend_from_slice(&[0x00, 0x38]);
    let header = u32::try_from(block.len()).unwrap() << 3 | 0b101;
    frame.extend_from_slice(&header.to_le_bytes()[..3]);
    frame.extend_from_slice(&block);
    let refused = Err(ZstdError::Invalid("decompressed block size"));
    assert_eq!(decompress(&frame, 16 * MAX), refused);
    assert_eq!(decompress(&frame, 1000), Err(ZstdError::TooLarge));
}

#[test]
fn what_the_protocol_leaves_out_is_refused() {
    let content = b"braid braid braid braid".repeat(20);
    let frame = zstd::bulk::compress(&content, 3).unwrap();
    let mut trailing = frame.clone();
    trailing.push(0);
    assert_eq!(decompress(&trailing, MAX), Err(ZstdError::Trailing(1)));
    let twice = [frame.clone(), frame.clone()].concat();
    assert_eq!(decompress(&twice, MAX), Err(ZstdError::Trailing(frame.len())));

    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut encoder, &content).unwrap();
    let checked = encoder.finish().unwrap();
    assert_eq!(decompress(&checked, MAX), Err(ZstdError::Invalid("checksum flag")));

    let skippable = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];
    assert_eq!(decompress(&skippable, MAX), Err(ZstdError::Invalid("magic number")));
    assert_eq!(decompress(&[], MAX), Err(ZstdError::Truncated("frame header")));
    for cut in 0..frame.len() {
        assert!(decompress(&frame[..cut], MAX).is_err(), "cut at {cut}");
    }
}

#[test]
fn empty_content() {
    let frame = zstd::bulk::compress(&[], 3).unwrap();
    assert_eq!(decompress(&frame, 0), Ok(Vec::new()));
}
