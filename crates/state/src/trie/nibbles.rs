//! Keys of 32 bytes as 64 nibbles, high half first, and their hex-prefix encoding (yellow paper, appendix C).

use alloc::vec::Vec;
use alloy_primitives::B256;
use alloy_rlp::EMPTY_STRING_CODE;

/// Nibbles in a key.
pub(super) const NIBBLES: usize = 64;

/// The nibble at `index`.
pub(super) fn nibble(key: &B256, index: usize) -> usize {
    usize::from(nibble_byte(key, index))
}

/// How many nibbles two keys share at their start, at most `limit`.
pub(super) fn shared(a: &B256, b: &B256, limit: usize) -> usize {
    let differs = a.iter().zip(b.iter()).position(|(a, b)| a != b);
    let shared = differs.map_or(NIBBLES, |i| 2 * i + usize::from(a[i] >> 4 == b[i] >> 4));
    core::cmp::min(shared, limit)
}

/// The bytes that [`put_path`] appends.
pub(super) const fn path_length(from: usize, to: usize) -> usize {
    let bytes = (to - from) / 2 + 1;
    if bytes == 1 { 1 } else { 1 + bytes }
}

/// Appends the nibbles `from..to` of a key as the RLP string that leaves and extensions open with.
pub(super) fn put_path(out: &mut Vec<u8>, key: &B256, from: usize, to: usize, leaf: bool) {
    let odd = !(to - from).is_multiple_of(2);
    let mut first = if leaf { 0x20 } else { 0 };
    if odd {
        first |= 0x10 | nibble_byte(key, from);
    }
    let bytes = (to - from) / 2 + 1;
    if bytes > 1 {
        #[expect(clippy::cast_possible_truncation, reason = "at most 33")]
        out.push(EMPTY_STRING_CODE + bytes as u8);
    }
    out.push(first);
    let start = from + usize::from(odd);
    if start.is_multiple_of(2) {
        out.extend_from_slice(&key[start / 2..to / 2]);
    } else {
        let pairs = (start..to).step_by(2);
        out.extend(pairs.map(|i| nibble_byte(key, i) << 4 | nibble_byte(key, i + 1)));
    }
}

fn nibble_byte(key: &B256, index: usize) -> u8 {
    let byte = key[index / 2];
    if index.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}
