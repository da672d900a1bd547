//! The root that a proposal pins over all blocks of its interval, so that a dispute can narrow a difference down
//! to one block. Not the segment claims of the dispute game itself, which refine the leaves when it is built.
//!
//! A leaf is the output root of one block, oldest first. The number of leaves is raised to a power of two by
//! repeating the last one; an inner node is keccak256 of its two children.

use alloc::vec::Vec;

use alloy_primitives::{B256, keccak256};

/// The Merkle root over `leaves`; zero for none.
///
/// ```
/// use alloy_primitives::{B256, keccak256};
/// let [a, b] = [B256::repeat_byte(1), B256::repeat_byte(2)];
/// assert_eq!(protocol::merkle_root(&[a, b]), keccak256([a.0, b.0].concat()));
/// assert_eq!(protocol::merkle_root(&[a]), a);
/// ```
pub fn merkle_root(leaves: &[B256]) -> B256 {
    let Some(&last) = leaves.last() else { return B256::ZERO };
    let mut level: Vec<B256> = leaves.to_vec();
    level.resize(leaves.len().next_power_of_two(), last);
    while level.len() > 1 {
        level =
            level.chunks_exact(2).map(|pair| keccak256([pair[0].0, pair[1].0].concat())).collect();
    }
    level[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u8) -> Vec<B256> {
        (1..=count).map(B256::repeat_byte).collect()
    }

    #[test]
    fn the_last_leaf_fills_up() {
        let mut four = leaves(3);
        four.push(B256::repeat_byte(3));
        assert_eq!(merkle_root(&leaves(3)), merkle_root(&four));
        assert_eq!(merkle_root(&[]), B256::ZERO);
    }

    #[test]
    fn every_leaf_counts() {
        let root = merkle_root(&leaves(5));
        for changed in 0..5 {
            let mut other = leaves(5);
            other[changed] = B256::ZERO;
            assert_ne!(merkle_root(&other), root);
        }
    }
}
