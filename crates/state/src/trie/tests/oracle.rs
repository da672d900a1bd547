//! The trie of the yellow paper, appendix D, word for word: from sorted pairs to nodes, with nothing kept.
//! It is what the incremental trie is compared with. Slow, and for keys of any length.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{B256, keccak256};
use alloy_rlp::{EMPTY_STRING_CODE, Encodable, Header};

use super::super::EMPTY_ROOT;

/// Nibbles and value.
pub(crate) type Pairs = [(Vec<u8>, Vec<u8>)];

pub(crate) fn nibbles(key: &[u8]) -> Vec<u8> {
    key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

/// The pairs of a map, as the trie wants them: by nibbles, sorted.
pub(crate) fn pairs<K: AsRef<[u8]>>(map: &BTreeMap<K, Vec<u8>>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut pairs: Vec<_> =
        map.iter().map(|(key, value)| (nibbles(key.as_ref()), value.clone())).collect();
    pairs.sort();
    pairs
}

pub(crate) fn root(pairs: &Pairs) -> B256 {
    if pairs.is_empty() { EMPTY_ROOT } else { keccak256(node(pairs, 0)) }
}

/// The nodes on the way to a key that a proof lists: those with a hash of their own, and the root.
pub(crate) fn proof(pairs: &Pairs, key: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut depth, mut nodes) = (pairs, 0, Vec::new());
    while !rest.is_empty() {
        let encoded = node(rest, depth);
        if depth == 0 || encoded.len() >= 32 {
            nodes.push(encoded);
        }
        if rest.len() == 1 {
            break;
        }
        let shared = shared(rest, depth);
        if shared > depth {
            if key[depth..shared] != rest[0].0[depth..shared] {
                break;
            }
            depth = shared;
            let branch = node(rest, depth);
            if branch.len() >= 32 {
                nodes.push(branch);
            }
        }
        rest = under(rest, depth, key[depth]);
        depth += 1;
    }
    nodes
}

fn node(pairs: &Pairs, depth: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    if let [(key, value)] = pairs {
        hex_prefix(&key[depth..], true).as_slice().encode(&mut payload);
        value.as_slice().encode(&mut payload);
        return list(&payload);
    }
    let shared = shared(pairs, depth);
    if shared > depth {
        hex_prefix(&pairs[0].0[depth..shared], false).as_slice().encode(&mut payload);
        reference(pairs, shared, &mut payload);
        return list(&payload);
    }
    for nibble in 0..16 {
        reference(under(pairs, depth, nibble), depth + 1, &mut payload);
    }
    match pairs.first() {
        Some((key, value)) if key.len() == depth => value.as_slice().encode(&mut payload),
        _ => payload.push(EMPTY_STRING_CODE),
    }
    list(&payload)
}

fn reference(pairs: &Pairs, depth: usize, out: &mut Vec<u8>) {
    if pairs.is_empty() {
        out.push(EMPTY_STRING_CODE);
        return;
    }
    let encoded = node(pairs, depth);
    if encoded.len() < 32 {
        out.extend_from_slice(&encoded);
    } else {
        keccak256(&encoded).encode(out);
    }
}

fn shared(pairs: &Pairs, depth: usize) -> usize {
    let (first, last) = (&pairs[0].0, &pairs[pairs.len() - 1].0);
    depth + first[depth..].iter().zip(&last[depth..]).take_while(|(a, b)| a == b).count()
}

fn under(pairs: &Pairs, depth: usize, nibble: u8) -> &Pairs {
    let start = pairs.partition_point(|(key, _)| key.get(depth).is_none_or(|n| *n < nibble));
    let end = pairs.partition_point(|(key, _)| key.get(depth).is_none_or(|n| *n <= nibble));
    &pairs[start..end]
}

fn hex_prefix(nibbles: &[u8], leaf: bool) -> Vec<u8> {
    let flag = if leaf { 2 } else { 0 };
    let (first, rest) = match nibbles {
        [first, rest @ ..] if nibbles.len() % 2 == 1 => ((flag + 1) << 4 | first, rest),
        _ => (flag << 4, nibbles),
    };
    let mut out = alloc::vec![first];
    out.extend(rest.chunks(2).map(|pair| pair[0] << 4 | pair[1]));
    out
}

fn list(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Header { list: true, payload_length: payload.len() }.encode(&mut out);
    out.extend_from_slice(payload);
    out
}
