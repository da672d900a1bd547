//! Output root, version 0: what a proposal claims about one L2 block. Byte for byte as in the OP Stack
//! (`specs/protocol/proposals.md`, "L2 Output Commitment Construction").

use alloy_primitives::{B256, keccak256};

/// keccak256 of version 0, state root, storage root of the message passer and block hash.
///
/// ```
/// use alloy_primitives::{B256, b256};
/// let root = protocol::output_root(B256::ZERO, B256::ZERO, B256::ZERO);
/// // keccak256 of 128 zero bytes.
/// assert_eq!(root, b256!("012893657d8eb2efad4de0a91bcd0e39ad9837745dec3ea923737ea803fc8e3d"));
/// ```
pub fn output_root(state_root: B256, withdrawals_root: B256, block_hash: B256) -> B256 {
    let mut preimage = [0u8; 128];
    preimage[32..64].copy_from_slice(state_root.as_slice());
    preimage[64..96].copy_from_slice(withdrawals_root.as_slice());
    preimage[96..].copy_from_slice(block_hash.as_slice());
    keccak256(preimage)
}
