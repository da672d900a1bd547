//! RLP, read without copying and only in its one canonical form. Only what a raw transaction needs.
//!
//! Everything returns `None` where the bytes are not canonical; callers name the field.

use alloc::vec::Vec;

const STRING: u8 = 0x80;
const LIST: u8 = 0xc0;
const SHORT_MAX: usize = 55;

/// A decoded item: its payload, and whether it is a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item<'a> {
    list: bool,
    payload: &'a [u8],
}

#[inline]
fn item<'a>(input: &mut &'a [u8]) -> Option<Item<'a>> {
    let (&head, rest) = input.split_first()?;
    if head < STRING {
        let (payload, rest) = input.split_at_checked(1)?;
        *input = rest;
        return Some(Item { list: false, payload });
    }
    let list = head >= LIST;
    let short = usize::from(head - if list { LIST } else { STRING });
    let (len, rest) =
        if short <= SHORT_MAX { (short, rest) } else { long_length(rest, short - SHORT_MAX)? };
    let (payload, rest) = rest.split_at_checked(len)?;
    // A single byte below 0x80 is its own encoding.
    if !list && len == 1 && payload[0] < STRING {
        return None;
    }
    *input = rest;
    Some(Item { list, payload })
}

/// Length in the long form: no leading zero, and not one that the short form holds.
fn long_length(rest: &[u8], bytes: usize) -> Option<(usize, &[u8])> {
    let (length, rest) = rest.split_at_checked(bytes)?;
    if *length.first()? == 0 || bytes > 4 {
        return None;
    }
    let length = length.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
    (length > SHORT_MAX).then_some((length, rest))
}

/// A string.
#[inline]
pub(super) fn string<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    item(input).filter(|item| !item.list).map(|item| item.payload)
}

/// The payload of a list.
#[inline]
pub(super) fn list<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    item(input).filter(|item| item.list).map(|item| item.payload)
}

/// A number of at most `bytes_max` bytes, big-endian without leading zeros (zero is empty).
#[inline]
pub(super) fn number<'a>(input: &mut &'a [u8], bytes_max: usize) -> Option<&'a [u8]> {
    let payload = string(input)?;
    (payload.len() <= bytes_max && payload.first() != Some(&0)).then_some(payload)
}

/// A number below 2^64.
#[inline]
pub(super) fn u64(input: &mut &[u8]) -> Option<u64> {
    Some(number(input, 8)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// A number below 2^128.
#[inline]
pub(super) fn u128(input: &mut &[u8]) -> Option<u128> {
    Some(number(input, 16)?.iter().fold(0, |value, byte| value << 8 | u128::from(*byte)))
}

/// An access list (EIP-2930), whole with its header.
pub(super) fn access_list<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    whole(input, |mut entries| {
        while !entries.is_empty() {
            let mut entry = list(&mut entries)?;
            fixed::<20>(&mut entry)?;
            let mut keys = list(&mut entry)?;
            while !keys.is_empty() {
                fixed::<32>(&mut keys)?;
            }
            end(entry)?;
        }
        Some(())
    })
}

/// An authorization list (EIP-7702), whole with its header.
pub(super) fn authorization_list<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    whole(input, |mut entries| {
        while !entries.is_empty() {
            let mut entry = list(&mut entries)?;
            number(&mut entry, 32)?; // chain id
            fixed::<20>(&mut entry)?; // address
            number(&mut entry, 8)?; // nonce
            number(&mut entry, 1)?; // y parity
            number(&mut entry, 32)?; // r
            number(&mut entry, 32)?; // s
            end(entry)?;
        }
        Some(())
    })
}

/// A list whose payload passes a check, returned with its header.
fn whole<'a>(input: &mut &'a [u8], check: impl Fn(&[u8]) -> Option<()>) -> Option<&'a [u8]> {
    let start = *input;
    check(list(input)?)?;
    start.get(..start.len() - input.len())
}

fn fixed<const N: usize>(input: &mut &[u8]) -> Option<()> {
    (string(input)?.len() == N).then_some(())
}

fn end(rest: &[u8]) -> Option<()> {
    rest.is_empty().then_some(())
}

/// Bytes that a string takes with its header.
#[inline]
pub(super) const fn string_len(payload: &[u8]) -> usize {
    match payload {
        [byte] if *byte < STRING => 1,
        _ => header_len(payload.len()) + payload.len(),
    }
}

/// Bytes of a header for a payload of this length.
#[inline]
pub(super) const fn header_len(len: usize) -> usize {
    if len <= SHORT_MAX { 1 } else { 1 + length_bytes(len) }
}

/// Bytes of a length without leading zeros.
const fn length_bytes(len: usize) -> usize {
    (usize::BITS - len.leading_zeros()).div_ceil(8) as usize
}

/// Appends a string.
#[inline]
pub(super) fn put_string(out: &mut Vec<u8>, payload: &[u8]) {
    if !matches!(payload, [byte] if *byte < STRING) {
        put_header(out, STRING, payload.len());
    }
    out.extend_from_slice(payload);
}

/// Appends the header of a list.
#[inline]
pub(super) fn put_list_header(out: &mut Vec<u8>, len: usize) {
    put_header(out, LIST, len);
}

#[expect(clippy::cast_possible_truncation, reason = "lengths up to 55 and counts of length bytes")]
fn put_header(out: &mut Vec<u8>, base: u8, len: usize) {
    if len <= SHORT_MAX {
        out.push(base + len as u8);
    } else {
        let bytes = length_bytes(len);
        out.push(base + SHORT_MAX as u8 + bytes as u8);
        out.extend_from_slice(&len.to_be_bytes()[size_of::<usize>() - bytes..]);
    }
}

/// A big-endian number without its leading zeros.
#[inline]
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests;
