//! Trie nodes as their encoding has them (yellow paper, appendix D), and changes to a trie of which some are known.
//!
//! Keys have equal length, so a branch never has a value. Invariant: a branch has two children or more, and below an
//! extension stands a branch.

use alloc::{boxed::Box, vec::Vec};
use alloy_primitives::{B256, keccak256};
use alloy_rlp::{EMPTY_STRING_CODE, Encodable, Header, PayloadView};

use super::{ByHash, PartialError};

/// Shorter nodes are part of their parents.
const HASHED_FROM_BYTES: usize = 32;

/// A node, or what names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Node {
    #[default]
    Empty,
    Hash(B256),
    Leaf(Vec<u8>, Vec<u8>),
    Extension(Vec<u8>, Box<Self>),
    Branch(Box<[Self; 16]>),
}

/// A key as nibbles.
pub(super) fn nibbles(key: &[u8]) -> Vec<u8> {
    key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

impl Node {
    /// The value of a key.
    pub(super) fn get(
        self,
        nodes: &impl ByHash,
        path: &[u8],
    ) -> Result<Option<Vec<u8>>, PartialError> {
        match self.known(nodes)? {
            Self::Empty | Self::Hash(_) => Ok(None),
            Self::Leaf(own, value) => Ok((own == path).then_some(value)),
            Self::Extension(own, child) => match path.strip_prefix(&own[..]) {
                Some(rest) => child.get(nodes, rest),
                None => Ok(None),
            },
            Self::Branch(mut children) => {
                let Some((first, rest)) = path.split_first() else { return Ok(None) };
                core::mem::take(&mut children[usize::from(*first)]).get(nodes, rest)
            }
        }
    }

    /// The trie with a value at a key.
    pub(super) fn with(
        self,
        nodes: &impl ByHash,
        path: &[u8],
        value: Vec<u8>,
    ) -> Result<Self, PartialError> {
        match self.known(nodes)? {
            Self::Empty | Self::Hash(_) => Ok(Self::Leaf(path.to_vec(), value)),
            Self::Leaf(own, _) if own == path => Ok(Self::Leaf(own, value)),
            Self::Leaf(own, old) => {
                let at = Fork::of(&own, path)?;
                let rest = Self::Leaf(at.rest.to_vec(), old);
                Ok(fork(at.path, (at.old, rest), (at.new, leaf(at.new_rest, value))))
            }
            Self::Extension(own, child) => {
                if let Some(below) = path.strip_prefix(&own[..]) {
                    let child = child.with(nodes, below, value)?;
                    return Ok(Self::Extension(own, child.into()));
                }
                let at = Fork::of(&own, path)?;
                let rest = extended(at.rest.to_vec(), *child);
                Ok(fork(at.path, (at.old, rest), (at.new, leaf(at.new_rest, value))))
            }
            Self::Branch(mut children) => {
                let (first, rest) = path.split_first().ok_or(PartialError::Malformed)?;
                let child = &mut children[usize::from(*first)];
                *child = core::mem::take(child).with(nodes, rest, value)?;
                Ok(Self::Branch(children))
            }
        }
    }

    /// The trie without a key.
    pub(super) fn without(self, nodes: &impl ByHash, path: &[u8]) -> Result<Self, PartialError> {
        match self.known(nodes)? {
            Self::Leaf(own, _) if own == path => Ok(Self::Empty),
            Self::Extension(own, child) => match path.strip_prefix(&own[..]) {
                Some(rest) => {
                    let child = child.without(nodes, rest)?;
                    Ok(extended(own, child))
                }
                None => Ok(Self::Extension(own, child)),
            },
            Self::Branch(mut children) => {
                let (first, rest) = path.split_first().ok_or(PartialError::Malformed)?;
                let child = &mut children[usize::from(*first)];
                *child = core::mem::take(child).without(nodes, rest)?;
                let mut left = (0..16).filter(|at| children[usize::from(*at)] != Self::Empty);
                match (left.next(), left.next()) {
                    (None, _) => Ok(Self::Empty),
                    (Some(only), None) => {
                        let child = core::mem::take(&mut children[usize::from(only)]);
                        Ok(extended([only].into(), child.known(nodes)?))
                    }
                    (Some(_), Some(_)) => Ok(Self::Branch(children)),
                }
            }
            other => Ok(other),
        }
    }

    /// The hash of the encoding, as a root has it.
    pub(super) fn root(&self) -> B256 {
        match self {
            Self::Hash(hash) => *hash,
            other => keccak256(other.encoded()),
        }
    }

    /// The node itself, where only its hash is here.
    fn known(self, nodes: &impl ByHash) -> Result<Self, PartialError> {
        let Self::Hash(hash) = self else { return Ok(self) };
        if hash == crate::EMPTY_ROOT {
            return Ok(Self::Empty);
        }
        Self::decode(&nodes.by_hash(&hash).ok_or(PartialError::Node(hash))?)
    }

    fn decode(mut bytes: &[u8]) -> Result<Self, PartialError> {
        let payload = Header::decode_raw(&mut bytes).map_err(|_| PartialError::Malformed)?;
        let PayloadView::List(items) = payload else { return Err(PartialError::Malformed) };
        match &items[..] {
            [path, rest] => {
                let (path, is_leaf) = path_of(string(path)?)?;
                if is_leaf {
                    return Ok(Self::Leaf(path, string(rest)?.to_vec()));
                }
                Ok(Self::Extension(path, Self::named(rest)?.into()))
            }
            [children @ .., value] if children.len() == 16 && *value == [EMPTY_STRING_CODE] => {
                let mut branch = Box::new(core::array::from_fn(|_| Self::Empty));
                for (child, named) in branch.iter_mut().zip(children) {
                    *child = Self::named(named)?;
                }
                Ok(Self::Branch(branch))
            }
            _ => Err(PartialError::Malformed),
        }
    }

    /// What a parent has of a node.
    fn named(bytes: &[u8]) -> Result<Self, PartialError> {
        match bytes {
            [EMPTY_STRING_CODE] => Ok(Self::Empty),
            [first, ..] if *first >= 0xc0 => Self::decode(bytes),
            _ => match B256::try_from(string(bytes)?) {
                Ok(hash) => Ok(Self::Hash(hash)),
                Err(_) => Err(PartialError::Malformed),
            },
        }
    }

    fn encoded(&self) -> Vec<u8> {
        let mut items = Vec::new();
        match self {
            Self::Empty => return [EMPTY_STRING_CODE].into(),
            Self::Hash(hash) => return alloy_rlp::encode(hash),
            Self::Leaf(path, value) => {
                put_path(path, true).as_slice().encode(&mut items);
                value.as_slice().encode(&mut items);
            }
            Self::Extension(path, child) => {
                put_path(path, false).as_slice().encode(&mut items);
                child.put(&mut items);
            }
            Self::Branch(children) => {
                children.iter().for_each(|child| child.put(&mut items));
                items.push(EMPTY_STRING_CODE);
            }
        }
        let mut out = Vec::new();
        Header { list: true, payload_length: items.len() }.encode(&mut out);
        out.append(&mut items);
        out
    }

    fn put(&self, out: &mut Vec<u8>) {
        let mut encoded = self.encoded();
        let is_name = matches!(self, Self::Empty | Self::Hash(_));
        if is_name || encoded.len() < HASHED_FROM_BYTES {
            out.append(&mut encoded);
        } else {
            keccak256(encoded).encode(out);
        }
    }
}

/// Where two paths part. One that goes on where the other ends is in no trie of ours.
struct Fork<'a> {
    /// What they share.
    path: &'a [u8],
    old: u8,
    rest: &'a [u8],
    new: u8,
    new_rest: &'a [u8],
}

impl<'a> Fork<'a> {
    fn of(old: &'a [u8], new: &'a [u8]) -> Result<Self, PartialError> {
        let (path, behind) = old.split_at(shared(old, new));
        match (behind.split_first(), new[path.len()..].split_first()) {
            (Some((&old, rest)), Some((&new, new_rest))) => {
                Ok(Self { path, old, rest, new, new_rest })
            }
            _ => Err(PartialError::Malformed),
        }
    }
}

/// A branch of two, below what they share.
fn fork(path: &[u8], first: (u8, Node), second: (u8, Node)) -> Node {
    let mut children = Box::new(core::array::from_fn(|_| Node::Empty));
    for (nibble, node) in [first, second] {
        children[usize::from(nibble)] = node;
    }
    extended(path.to_vec(), Node::Branch(children))
}

fn leaf(path: &[u8], value: Vec<u8>) -> Node {
    Node::Leaf(path.to_vec(), value)
}

/// A node below a path, whatever kind it is.
fn extended(mut path: Vec<u8>, node: Node) -> Node {
    match node {
        Node::Empty => Node::Empty,
        Node::Leaf(own, value) => {
            path.extend(own);
            Node::Leaf(path, value)
        }
        Node::Extension(own, child) => {
            path.extend(own);
            Node::Extension(path, child)
        }
        other if path.is_empty() => other,
        other => Node::Extension(path, other.into()),
    }
}

fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn string(mut bytes: &[u8]) -> Result<&[u8], PartialError> {
    Header::decode_bytes(&mut bytes, false).map_err(|_| PartialError::Malformed)
}

/// A path and whether it is a leaf's (appendix C).
fn path_of(bytes: &[u8]) -> Result<(Vec<u8>, bool), PartialError> {
    let (first, rest) = bytes.split_first().ok_or(PartialError::Malformed)?;
    let odd = (first & 0x10 != 0).then_some(first & 15);
    let path = odd.into_iter().chain(rest.iter().flat_map(|byte| [byte >> 4, byte & 15]));
    Ok((path.collect(), first & 0x20 != 0))
}

fn put_path(path: &[u8], is_leaf: bool) -> Vec<u8> {
    let kind = if is_leaf { 0x20 } else { 0 };
    let (first, rest) = match path.len() % 2 {
        0 => (kind, path),
        _ => (kind | 0x10 | path[0], &path[1..]),
    };
    let pairs = rest.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]);
    core::iter::once(first).chain(pairs).collect()
}
