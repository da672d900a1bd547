//! Calls of the oracle that acts are.

use alloy::{
    primitives::{B256, U256},
    sol_types::{SolCall, SolValue},
};
use bindings::{DisputeOracle, contracts::Claims::BlockClaim};
use dispute::{Act, CLAIM_BYTES};

/// The calldata of an act.
pub(crate) fn calldata(act: &Act) -> Vec<u8> {
    match act.clone() {
        Act::Dispute { index, children: [left, right], last_leaf, proof, .. } => {
            let index = U256::from(index);
            let call =
                DisputeOracle::disputeCall { index, left, right, lastLeaf: last_leaf, proof };
            call.abi_encode()
        }
        Act::Join { tournament, last_leaf, proof, final_state, .. } => DisputeOracle::joinCall {
            tournament,
            lastLeaf: last_leaf,
            proof,
            finalState: final_state,
        }
        .abi_encode(),
        Act::Advance { of_match: id, children, below, .. } => {
            let ([left, right], [new_left, new_right]) = (children, below);
            DisputeOracle::advanceCall { id, left, right, newLeft: new_left, newRight: new_right }
                .abi_encode()
        }
        Act::Seal { of_match: id, children: [left, right], agreed, proof } => {
            DisputeOracle::sealCall { id, left, right, agreed, proof }.abi_encode()
        }
        Act::Step { of_match: id, proof } => DisputeOracle::stepCall { id, proof }.abi_encode(),
        Act::Timeout { of_match: id } => DisputeOracle::timeoutCall { id }.abi_encode(),
        Act::ConcludeInner { tournament } => {
            DisputeOracle::concludeInnerCall { tournament }.abi_encode()
        }
        Act::Resolve { tournament, last_leaf, proof, last_claim } => {
            let last = block_claim(&last_claim);
            DisputeOracle::resolveCall { tournament, lastLeaf: last_leaf, proof, last }.abi_encode()
        }
        Act::PassDecided { most, .. } => {
            DisputeOracle::passDecidedCall { most: U256::from(most) }.abi_encode()
        }
        Act::ClaimBond { id } => DisputeOracle::claimBondCall { id: U256::from(id) }.abi_encode(),
        Act::CollectRefund { of_match: id, mover } => {
            DisputeOracle::collectRefundCall { id, mover }.abi_encode()
        }
        Act::Withdraw { account } => DisputeOracle::withdrawCall { account }.abi_encode(),
    }
}

/// The fields of a block claim; zeros, which stand for no claim, if its bytes are none.
fn block_claim(bytes: &[u8; CLAIM_BYTES]) -> BlockClaim {
    BlockClaim::abi_decode(bytes).unwrap_or(BlockClaim {
        blockHash: B256::ZERO,
        stateRoot: B256::ZERO,
        withdrawalsRoot: B256::ZERO,
        cursor: B256::ZERO,
        originHash: B256::ZERO,
        sequenceNumber: 0,
        number: 0,
    })
}
