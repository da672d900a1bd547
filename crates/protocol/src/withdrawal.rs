//! A withdrawal as the message passer records it: its hash and its storage slot (OP
//! `specs/protocol/withdrawals.md`). Not its proof, which needs the state.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

/// One message from L2 to L1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Nonce with the message version (1) in its top 16 bits.
    pub nonce: U256,
    /// Who called the message passer.
    pub sender: Address,
    /// Whom the portal calls on L1.
    pub target: Address,
    /// Wei that the call carries.
    pub value: U256,
    /// Gas that the call gets at least.
    pub gas_limit: U256,
    /// Calldata of the call.
    pub data: Bytes,
}

impl Withdrawal {
    /// keccak256 of `abi.encode(nonce, sender, target, value, gasLimit, data)`.
    pub fn hash(&self) -> B256 {
        let mut head = [0u8; 224];
        head[..32].copy_from_slice(&self.nonce.to_be_bytes::<32>());
        head[44..64].copy_from_slice(self.sender.as_slice());
        head[76..96].copy_from_slice(self.target.as_slice());
        head[96..128].copy_from_slice(&self.value.to_be_bytes::<32>());
        head[128..160].copy_from_slice(&self.gas_limit.to_be_bytes::<32>());
        // Offset of `data`: the head has six words.
        head[191] = 192;
        head[192..].copy_from_slice(&U256::from(self.data.len()).to_be_bytes::<32>());
        let mut hasher = alloy_primitives::Keccak256::new();
        hasher.update(head);
        hasher.update(&self.data);
        let padding = self.data.len().next_multiple_of(32) - self.data.len();
        hasher.update(&[0u8; 32][..padding]);
        hasher.finalize()
    }

    /// Slot of `sentMessages[hash]` in the message passer; it holds 1 once the withdrawal is initiated.
    pub fn storage_slot(hash: B256) -> B256 {
        let mut preimage = [0u8; 64];
        preimage[..32].copy_from_slice(hash.as_slice());
        keccak256(preimage)
    }
}

#[cfg(test)]
mod tests;
