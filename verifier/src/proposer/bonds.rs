//! Takes the bonds of own proposals back: has each credited once it is final, or has fallen with another, and then paid out.
//!
//! Not here: bonds that were put into disputes; who wins one gets them. Invariant: at most one bond is on its way at a time,
//! and nobody's bond is passed over before its proposal is final or gone.

use alloy::{
    eips,
    primitives::{Address, B256, U256},
    sol_types::SolCall,
};
use bindings::DisputeOracle::{claimBondCall, creditCall, withdrawCall};
use l1::{
    L1Client, Outputs, Proposal,
    tx::{TxHandle, TxRequest},
};
use outbox::Outbox;
use protocol::BlockId;

use crate::VerifierError;

/// Gas of `claimBond`, with room.
const CLAIM_GAS: u64 = 200_000;
/// Gas of `withdraw` to an account without code, with room.
const WITHDRAW_GAS: u64 = 120_000;
/// Proposals that are looked at for each L1 block.
const PROPOSALS_PER_BLOCK_MAX: u64 = 64;

/// Takes back what one account has put down.
#[derive(Debug)]
pub(super) struct Bonds {
    account: Address,
    client: L1Client,
    outputs: Outputs,
    outbox: Outbox,
    sender: TxHandle,
    /// Everything with a lower id is settled.
    next: u64,
    /// The L1 block after which was looked last.
    looked_at: Option<B256>,
}

/// What is to be done about the bond of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// Nothing any more.
    Settled,
    /// It is too early to tell.
    Later,
    /// It can be claimed.
    Now,
}

impl Bonds {
    /// Those of `account`, which `sender` sends for.
    pub(super) const fn new(
        account: Address,
        client: L1Client,
        outputs: Outputs,
        outbox: Outbox,
        sender: TxHandle,
    ) -> Self {
        // The genesis has the first id, and no bond.
        Self { account, client, outputs, outbox, sender, next: 1, looked_at: None }
    }

    /// One look after each L1 block.
    pub(super) async fn round(&mut self, head: BlockId) -> Result<(), VerifierError> {
        if self.looked_at == Some(head.hash) {
            return Ok(());
        }
        self.claim_due(head).await?;
        self.withdraw(head).await?;
        self.looked_at = Some(head.hash);
        Ok(())
    }

    async fn claim_due(&mut self, head: BlockId) -> Result<(), VerifierError> {
        let at = eips::BlockId::hash(head.hash);
        let count = self.outputs.count(at).await.map_err(VerifierError::L1)?;
        let newest = self.outputs.id(count.saturating_sub(1), at).await;
        let Some(newest) = newest.map_err(VerifierError::L1)? else { return Ok(()) };
        for _ in 0..PROPOSALS_PER_BLOCK_MAX {
            if self.next > newest {
                return Ok(());
            }
            let proposal = self.outputs.by_id(self.next, at).await.map_err(VerifierError::L1)?;
            match self.due(&proposal, at).await? {
                Due::Settled => self.next += 1,
                Due::Later => return Ok(()),
                Due::Now => return self.claim(&proposal).await,
            }
        }
        Ok(())
    }

    async fn due(&self, proposal: &Proposal, at: eips::BlockId) -> Result<Due, VerifierError> {
        let id = self.outputs.id(proposal.index, at).await.map_err(VerifierError::L1)?;
        let stands = id == Some(proposal.id);
        let is_final =
            stands && self.outputs.is_final(proposal.index, at).await.map_err(VerifierError::L1)?;
        Ok(due(proposal, self.account, stands, is_final))
    }

    async fn claim(&self, proposal: &Proposal) -> Result<(), VerifierError> {
        let id = proposal.id;
        let tried = self.outbox.entries(&format!("bond/{id}/")).await;
        let tried = tried.map_err(VerifierError::Outbox)?;
        if tried.iter().any(|entry| entry.outcome.is_none()) {
            return Ok(());
        }
        let call = claimBondCall { id: U256::from(id) };
        let key = format!("bond/{id}/{}", tried.len());
        self.submit(&key, call.abi_encode(), CLAIM_GAS).await?;
        tracing::info!(id, l2_block = proposal.l2_block, "the bond of a final proposal is claimed");
        Ok(())
    }

    async fn withdraw(&self, head: BlockId) -> Result<(), VerifierError> {
        let at = eips::BlockId::hash(head.hash);
        let call = creditCall { account: self.account };
        let credit = self.client.call(self.outputs.oracle(), call, at).await;
        let credit = credit.map_err(VerifierError::L1)?;
        if credit.is_zero() {
            return Ok(());
        }
        let tried = self.outbox.entries("withdraw/").await.map_err(VerifierError::Outbox)?;
        if tried.iter().any(|entry| entry.outcome.is_none()) {
            return Ok(());
        }
        let call = withdrawCall { account: self.account };
        let key = format!("withdraw/{}", head.number);
        self.submit(&key, call.abi_encode(), WITHDRAW_GAS).await?;
        tracing::info!(wei = %credit, "what the oracle owes the proposer is taken out");
        Ok(())
    }

    async fn submit(&self, key: &str, input: Vec<u8>, gas: u64) -> Result<(), VerifierError> {
        let request = TxRequest {
            to: self.outputs.oracle(),
            value: U256::ZERO,
            input: input.into(),
            gas_limit: Some(gas),
            blob_data: None,
        };
        self.sender.submit(key, request).await.map_err(VerifierError::Submit)?;
        Ok(())
    }
}

/// Where it stands and is not final, a dispute can still take the bond, and a reorg can make the proposal another one's.
fn due(proposal: &Proposal, account: Address, stands: bool, is_final: bool) -> Due {
    if stands && !is_final {
        return Due::Later;
    }
    let is_own = proposal.proposer == account;
    let is_open = !proposal.bond_claimed && proposal.tournament.is_none();
    if is_own && is_open { Due::Now } else { Due::Settled }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Address = Address::repeat_byte(1);

    fn proposal() -> Proposal {
        Proposal {
            id: 5,
            index: 4,
            output_root: B256::ZERO,
            claim: B256::ZERO,
            parent_block: 48,
            l2_block: 64,
            segments_root: B256::ZERO,
            batch_accumulator: B256::ZERO,
            message_accumulator: B256::ZERO,
            l1_block: 7,
            l1_parent_hash: B256::ZERO,
            tournament: None,
            proposer: OWN,
            timestamp: 0,
            bond_claimed: false,
            decided: false,
        }
    }

    #[test]
    fn a_bond_is_claimed_when_nothing_can_take_it_any_more() {
        let own = proposal();
        assert_eq!(due(&own, OWN, true, false), Due::Later);
        assert_eq!(due(&own, OWN, true, true), Due::Now);
        assert_eq!(due(&own, OWN, false, false), Due::Now, "it fell with another");
        let claimed = Proposal { bond_claimed: true, ..own };
        assert_eq!(due(&claimed, OWN, true, true), Due::Settled);
    }

    #[test]
    fn bonds_in_disputes_and_of_others_are_left_alone() {
        let disputed = Proposal { tournament: Some(B256::repeat_byte(9)), ..proposal() };
        assert_eq!(due(&disputed, OWN, true, false), Due::Later);
        assert_eq!(due(&disputed, OWN, true, true), Due::Settled);
        assert_eq!(due(&disputed, OWN, false, false), Due::Settled);
        let other = Address::repeat_byte(2);
        assert_eq!(due(&proposal(), other, true, false), Due::Later);
        assert_eq!(due(&proposal(), other, true, true), Due::Settled);
    }
}
