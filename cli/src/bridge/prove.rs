//! Shows L1 that L2 holds a withdrawal. What the L2 node says of its state is compared with the proposal on L1 before
//! anything is paid for; the proof itself is tried in the simulation, by the contract that will judge it.

use alloy::{
    eips::BlockId,
    primitives::{B256, Bytes, U64, U256},
    providers::Provider,
    signers::local::PrivateKeySigner,
    transports::TransportError,
};
use bindings::Portal::{self, OutputRootProof};
use eyre::{Result, WrapErr, ensure};
use l1::Proposal;
use protocol::output_root;
use serde::Deserialize;
use serde_json::json;

use super::{
    console::Console,
    error::BridgeError,
    layer::{Call, Layer},
    link::Link,
    stage::Stage,
    withdrawals::Initiated,
};

/// Code of a node that does not keep the state of a block any more.
const PRUNED: i64 = 4444;

/// What the L2 node says.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProofOfNode {
    output_root_proof: RootParts,
    withdrawal_proof: Vec<Bytes>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RootParts {
    state_root: B256,
    message_passer_storage_root: B256,
    latest_blockhash: B256,
}

/// Proves the withdrawal if it can be and is not.
pub(crate) async fn if_ready(
    link: &Link,
    signer: &PrivateKeySigner,
    initiated: &Initiated,
    stage: Stage,
    console: &mut Console,
) -> Result<()> {
    match stage {
        Stage::WaitingToProve { about, .. } => Err(BridgeError::NotProposed { about }.into()),
        Stage::ReadyToProve { proposal, .. } => {
            prove(link, signer, initiated, proposal, console).await
        }
        Stage::WaitingToFinalize { .. } | Stage::ReadyToFinalize | Stage::Finalized => {
            let text = format!("nothing to do: {}", stage.words());
            let fields = json!({ "withdrawalHash": initiated.hash, "stage": stage.name() });
            console.step("nothing", &text, fields);
            Ok(())
        }
    }
}

/// Proves it against a proposal that covers it.
pub(crate) async fn prove(
    link: &Link,
    signer: &PrivateKeySigner,
    initiated: &Initiated,
    covering: u64,
    console: &mut Console,
) -> Result<()> {
    let (proposal, proof) = checked_proof(link, initiated, covering).await?;
    let RootParts { state_root, message_passer_storage_root, latest_blockhash } =
        proof.output_root_proof;
    let call = Portal::proveWithdrawalTransactionCall {
        withdrawal: initiated.for_portal(),
        l2OutputIndex: U256::from(proposal.index),
        outputRootProof: OutputRootProof {
            version: B256::ZERO,
            stateRoot: state_root,
            messagePasserStorageRoot: message_passer_storage_root,
            latestBlockhash: latest_blockhash,
        },
        withdrawalProof: proof.withdrawal_proof,
    };
    let call = Call::new(link.chain.contracts.portal, &call);
    let receipt = link.l1.execute("the proof", signer, &call, console).await?;
    let index = proposal.index;
    let text = format!("proven against proposal {index} in L1 block {}", receipt.block());
    let fields = json!({
        "withdrawalHash": initiated.hash,
        "l1Transaction": receipt.transaction_hash,
        "l1Block": receipt.block(),
        "proposal": index,
    });
    console.step("proven", &text, fields);
    Ok(())
}

/// A proof whose parts make up what the proposal claims. The first proposal that covers the withdrawal is the one that
/// everybody takes; a node may have forgotten the state of its block, and then the newest one serves.
async fn checked_proof(
    link: &Link,
    initiated: &Initiated,
    covering: u64,
) -> Result<(Proposal, ProofOfNode)> {
    let (block_hash, _) = link.l1_now().await?;
    let block = BlockId::hash(block_hash);
    let newest = link.outputs.count(block).await?.saturating_sub(1);
    let l2 = link.l2().await?;
    let first = link.outputs.proposal(covering, block).await?;
    if let Some(proof) = ask(l2, initiated.hash, first.l2_block).await? {
        return compared(first, proof);
    }
    let last = link.outputs.proposal(newest, block).await?;
    if last.id != first.id
        && let Some(proof) = ask(l2, initiated.hash, last.l2_block).await?
    {
        return compared(last, proof);
    }
    Err(BridgeError::Forgotten { block: last.l2_block, proposal: last.index }.into())
}

fn compared(proposal: Proposal, proof: ProofOfNode) -> Result<(Proposal, ProofOfNode)> {
    let parts = proof.output_root_proof;
    let of_l2 =
        output_root(parts.state_root, parts.message_passer_storage_root, parts.latest_blockhash);
    let on_l1 = proposal.output_root;
    ensure!(
        of_l2 == on_l1,
        BridgeError::OutputRoot {
            block: proposal.l2_block,
            proposal: proposal.index,
            of_l2,
            on_l1
        }
    );
    Ok((proposal, proof))
}

/// What the node says of the withdrawal after a block; `None` if it does not keep the state of that block.
async fn ask(l2: &Layer, hash: B256, block: u64) -> Result<Option<ProofOfNode>> {
    let params = (hash, U64::from(block));
    let answer: Result<Option<ProofOfNode>, TransportError> =
        l2.provider.raw_request("rollup_getWithdrawalProof".into(), params).await;
    match answer {
        Ok(Some(proof)) => Ok(Some(proof)),
        Ok(None) => Err(BridgeError::NotInState { hash, block }.into()),
        Err(error) if is_pruned(&error) => Ok(None),
        Err(error) => Err(error).wrap_err("cannot ask the L2 node for the proof"),
    }
}

fn is_pruned(error: &TransportError) -> bool {
    error.as_error_resp().is_some_and(|payload| payload.code == PRUNED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::Address;

    #[test]
    fn a_node_that_contradicts_l1_is_not_paid_for() {
        let part = B256::repeat_byte(1);
        let proof = ProofOfNode {
            output_root_proof: RootParts {
                state_root: part,
                message_passer_storage_root: part,
                latest_blockhash: part,
            },
            withdrawal_proof: Vec::new(),
        };
        let proposal = |output_root| Proposal {
            id: 3,
            index: 3,
            output_root,
            claim: B256::ZERO,
            l2_block: 48,
            parent_block: 32,
            segments_root: B256::ZERO,
            batch_accumulator: B256::ZERO,
            message_accumulator: B256::ZERO,
            l1_block: 0,
            l1_parent_hash: B256::ZERO,
            proposer: Address::ZERO,
            timestamp: 0,
            bond_claimed: false,
            tournament: None,
            decided: false,
        };
        assert!(compared(proposal(output_root(part, part, part)), proof.clone()).is_ok());
        let error = compared(proposal(B256::repeat_byte(9)), proof).unwrap_err();
        let error = error.downcast_ref::<BridgeError>().unwrap();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().starts_with("L2 contradicts L1"), "{error}");
    }
}
