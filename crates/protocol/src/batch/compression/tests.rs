//! Tests of [`super`]: brotli as its encoder writes it, bounds, and no panic for anything else.

use std::io::Write;

use proptest::prelude::*;

use super::*;

fn brotli_of(content: &[u8], quality: u32, window: u32) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, quality, window);
    encoder.write_all(content).unwrap();
    encoder.into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn brotli_round_trips(
        unit in prop::collection::vec(any::<u8>(), 0..3000),
        times in 1usize..100,
        quality in 0u32..=9,
        window in 10u32..=24,
    ) {
        let content = unit.repeat(times);
        let stream = brotli_of(&content, quality, window);
        let read = decompress(Compression::Brotli, &stream).map(Cow::into_owned);
        prop_assert_eq!(read, Ok(content));
    }

    #[test]
    fn brotli_of_mutated_streams_never_panics(
        unit in prop::collection::vec(0u8..20, 1..800),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut stream = brotli_of(&unit.repeat(8), 5, 18);
        for (at, byte) in edits {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        let cut = cut.index(stream.len());
        for bytes in [&stream[..], &stream[..cut]] {
            if let Ok(read) = decompress(Compression::Brotli, bytes) {
                prop_assert!(read.len() <= BATCH_BYTES_MAX);
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for compression in [Compression::Zstd, Compression::Brotli] {
            if let Ok(read) = decompress(compression, &bytes) {
                prop_assert!(read.len() <= BATCH_BYTES_MAX);
            }
        }
    }
}

#[test]
fn more_than_a_batch_is_refused() {
    let content = vec![7u8; BATCH_BYTES_MAX + 1];
    let brotli = brotli_of(&content, 5, 22);
    assert!(brotli.len() < 1000);
    assert_eq!(decompress(Compression::Brotli, &brotli), Err(CompressionError::TooLarge));
    let zstd = ::zstd::bulk::compress(&content, 3).unwrap();
    assert_eq!(decompress(Compression::Zstd, &zstd), Err(CompressionError::TooLarge));
    assert_eq!(decompress(Compression::None, &content), Err(CompressionError::TooLarge));

    let content = &content[1..];
    let of_brotli = &content[..BROTLI_BYTES_MAX];
    let brotli = brotli_of(of_brotli, 5, 22);
    assert_eq!(decompress(Compression::Brotli, &brotli).unwrap(), of_brotli);
    let brotli = brotli_of(&content[..=BROTLI_BYTES_MAX], 5, 22);
    assert_eq!(decompress(Compression::Brotli, &brotli), Err(CompressionError::TooLarge));
    let zstd = ::zstd::bulk::compress(content, 3).unwrap();
    assert_eq!(decompress(Compression::Zstd, &zstd).unwrap(), content);
}

#[test]
fn bytes_after_the_stream_and_missing_ones_are_refused() {
    let mut stream = brotli_of(b"braid braid braid", 5, 18);
    for cut in 0..stream.len() {
        assert!(decompress(Compression::Brotli, &stream[..cut]).is_err(), "cut at {cut}");
    }
    stream.push(0);
    let refused = Err(CompressionError::Trailing(1));
    assert_eq!(decompress(Compression::Brotli, &stream), refused);
}

#[test]
fn large_window_is_refused() {
    // The header of brotli's large-window extension, a window of 2^30 bytes.
    assert!(decompress(Compression::Brotli, &[0x11, 30, 0x03, 0, 0, 0]).is_err());
}
