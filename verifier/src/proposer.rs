//! Proposes: for each interval that was derived and executed here, what stands after it and the root of the tree over its
//! claims, with a bond.
//!
//! Invariant: it builds on nothing but what it knows to be true. Every proposal that stands on L1 is judged before the
//! next one is made, and while one of them is wrong there is none: it would fall with the lie.

mod bonds;

use std::{convert::Infallible, sync::Arc, time::Duration};

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, Bytes, U256},
    sol_types::{SolCall, SolValue},
};
use bindings::{
    Claims,
    DisputeOracle::{BONDCall, proposeOutputCall},
};
use db::{Coverage, Database, Fence, OutboxEntry, OutboxOutcome};
use l1::{
    Kzg, L1Client, LocalSigner, Outputs,
    tx::{TxConfig, TxHandle, TxRequest, TxSender},
};
use outbox::Outbox;
use protocol::RollupConfig;
use service::{Backoff, Component, error_chain};
use tokio::sync::watch;

use self::bonds::Bonds;
use crate::{
    Status, VerifierError,
    claims::{ClaimReader, INTERVAL_MAX, Interval},
    metrics,
};

/// Gas of `proposeOutput`, with room: 287,000 with a tree of 30 levels (`docs/spec/disputes.md`, section 8). Its estimate would
/// fail while an earlier proposal is still in flight.
const PROPOSE_GAS: u64 = 500_000;
/// A proposal that L1 has refused is made again after two L1 blocks, and each further one after twice as many, up to 2^8.
const REST_DOUBLINGS_MAX: u32 = 8;
/// Pause between two looks.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// First pause after a failed look.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(200);
/// Longest pause.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Who proposes, and by which way.
#[derive(Debug, Clone)]
pub struct ProposerDeps {
    /// L1.
    pub client: L1Client,
    /// Puts down the bonds.
    pub signer: LocalSigner,
    /// The sender's; a proposal carries no blobs.
    pub kzg: Kzg,
    /// How L1 transactions are sent.
    pub tx: TxConfig,
}

/// Makes and submits proposals.
#[derive(Debug)]
pub(crate) struct Proposer {
    oracle: Address,
    rollup: Arc<RollupConfig>,
    client: L1Client,
    outputs: Outputs,
    claims: ClaimReader,
    status: watch::Receiver<Status>,
    outbox: Outbox,
    sender: TxHandle,
    bond: Option<U256>,
    bonds: Bonds,
    health: Component,
}

impl Proposer {
    /// The proposer and its sender of L1 transactions, which write the verifier's database under the verifier's fence.
    pub(crate) fn new(
        deps: ProposerDeps,
        rollup: &Arc<RollupConfig>,
        (database, fence): (&Database, Fence),
        claims: ClaimReader,
        status: watch::Receiver<Status>,
        health: Component,
    ) -> (Self, TxSender<Outbox>) {
        let oracle = rollup.contracts.output_oracle;
        let ProposerDeps { client, signer, kzg, tx } = deps;
        let account = signer.address();
        let outbox = Outbox::new(database, fence, account, coverage);
        let outputs = Outputs::new(client.clone(), oracle);
        let (running, sender) = TxSender::new(client.clone(), signer, kzg, outbox.clone(), tx);
        let bonds =
            Bonds::new(account, client.clone(), outputs.clone(), outbox.clone(), sender.clone());
        let proposer = Self {
            oracle,
            rollup: rollup.clone(),
            outputs,
            client,
            claims,
            status,
            outbox,
            sender,
            bond: None,
            bonds,
            health,
        };
        (proposer, running)
    }

    /// Proposes as long as it is polled.
    ///
    /// # Errors
    /// When something fails that waiting cannot cure.
    pub(crate) async fn run(mut self) -> Result<Infallible, VerifierError> {
        let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
        loop {
            let pause = match self.round().await {
                Ok(()) => {
                    self.health.up("working");
                    backoff.reset();
                    POLL_INTERVAL
                }
                Err(error) if error.is_temporary() => {
                    tracing::warn!(error = %error_chain(&error), "cannot propose now, trying again");
                    self.health.down(error.to_string());
                    backoff.pause()
                }
                Err(error) => return Err(error),
            };
            metrics::l1_balance("proposer", self.sender.status().borrow().balance);
            tokio::time::sleep(pause).await;
        }
    }

    /// One look at what can be proposed, and at what comes back.
    async fn round(&mut self) -> Result<(), VerifierError> {
        let Some(head) = self.sender.status().borrow().head else { return Ok(()) };
        self.propose(head).await?;
        self.bonds.round(head).await
    }

    /// Proposes the next interval if it is due.
    async fn propose(&mut self, head: protocol::BlockId) -> Result<(), VerifierError> {
        let at = BlockId::from(head.hash);
        let parent = self.outputs.latest_block(at).await.map_err(VerifierError::L1)?;
        let next = self.outputs.next_block(at).await.map_err(VerifierError::L1)?;
        metrics::proposed_to(parent);
        let status = self.status.borrow().clone();
        let block = target(status.head.number, parent, next, self.rollup.proposal_interval);
        if !is_due(&status, parent, block) {
            return Ok(());
        }
        if !self.has_come(block).await? {
            return Ok(());
        }
        let Some(attempt) = self.attempt(parent, head.number).await? else { return Ok(()) };
        let Some(interval) = self.claims.interval(parent, block).await? else { return Ok(()) };
        let request = TxRequest {
            to: self.oracle,
            value: self.bond(at).await?,
            input: calldata(&interval, block, status.l1_processed)?,
            gas_limit: Some(PROPOSE_GAS),
            blob_data: None,
        };
        let key = proposal_key(parent, block, attempt);
        let record = self.sender.submit(&key, request).await.map_err(VerifierError::Submit)?;
        let (output, segments) = (interval.last.output_root(), interval.root());
        let record = record.id.0;
        tracing::info!(parent, block, %output, %segments, record, "proposal handed to the L1 sender");
        Ok(())
    }

    /// Whether the time of an L2 block has come on L1, which takes no proposal before: a sequencer's clock may be ahead of L1's.
    async fn has_come(&self, block: u64) -> Result<bool, VerifierError> {
        let head = self.client.header(BlockNumberOrTag::Latest).await.map_err(VerifierError::L1)?;
        Ok(self.rollup.timestamp_of(block) <= head.timestamp)
    }

    /// The number of the next attempt behind block `parent`, where L1 still has nothing in its block `l1_number`; `None` while
    /// one is under way.
    async fn attempt(&self, parent: u64, l1_number: u64) -> Result<Option<usize>, VerifierError> {
        let tried = self.outbox.entries(&format!("proposal/{parent}/")).await;
        let tried = tried.map_err(VerifierError::Outbox)?;
        if rests(&tried, l1_number) || tried.iter().any(|entry| may_stand(entry, l1_number)) {
            return Ok(None);
        }
        if !tried.is_empty() {
            metrics::proposed_again();
        }
        Ok(Some(tried.len()))
    }

    async fn bond(&mut self, at: BlockId) -> Result<U256, VerifierError> {
        if let Some(bond) = self.bond {
            return Ok(bond);
        }
        let bond = self.client.call(self.oracle, BONDCall {}, at).await;
        Ok(*self.bond.insert(bond.map_err(VerifierError::L1)?))
    }
}

/// The block to propose behind block `parent`, derived to block `head`: the next that L1 takes. Where that is not simply the
/// next multiple of the interval, much time has gone by and L1 asks for ever later ones; then all that there is.
pub(crate) fn target(head: u64, parent: u64, next: u64, interval: u64) -> u64 {
    let multiple = |number: u64| number - number % interval;
    if next <= multiple(parent).saturating_add(interval) {
        return next;
    }
    let most = multiple(parent.saturating_add(INTERVAL_MAX));
    std::cmp::max(next, std::cmp::min(multiple(head), most))
}

/// Whether the interval from after block `parent` to `block` can be proposed: it is derived, everything proposed before it is
/// on L1 and true, and nothing is left to be judged.
pub(crate) fn is_due(status: &Status, parent: u64, block: u64) -> bool {
    let all_true = status.disagreements.is_empty() && status.proposals_pending == 0;
    status.synced && all_true && status.agreed_to == Some(parent) && block <= status.head.number
}

/// Whether it is too early to try once more what L1 has refused: each time costs gas, and what is wrong with it may be nothing
/// that time cures.
fn rests(tried: &[OutboxEntry], l1_number: u64) -> bool {
    let refused = tried.iter().filter_map(|entry| match &entry.outcome {
        Some(OutboxOutcome::Reverted(inclusion)) => Some(inclusion.block.number),
        _ => None,
    });
    let (count, last) =
        refused.fold((0_u32, 0), |(count, last), at| (count + 1, std::cmp::max(last, at)));
    count > 0 && l1_number < last.saturating_add(1 << std::cmp::min(count, REST_DOUBLINGS_MAX))
}

/// Whether a record may be, or come to be, the proposal for its block. One that was mined in a block at or below
/// `l1_number`, in which L1 still asks for that proposal, has been taken away since.
fn may_stand(entry: &OutboxEntry, l1_number: u64) -> bool {
    match &entry.outcome {
        None => true,
        Some(OutboxOutcome::Confirmed(inclusion)) => inclusion.block.number > l1_number,
        Some(_) => false,
    }
}

/// The L1 block is the newest that our view of the chain rests on: where L1 has another one, the proposal fails.
fn calldata(
    interval: &Interval,
    block: u64,
    l1: protocol::BlockId,
) -> Result<Bytes, VerifierError> {
    // Seven words, as the ABI has them too (`docs/spec/claims.md`, section 1).
    let last = Claims::BlockClaim::abi_decode(&interval.last.encode());
    let call = proposeOutputCall {
        last: last.map_err(|_| VerifierError::Claims { number: block })?,
        proof: interval.proof_of_last(),
        parentClaim: interval.parent.hash(),
        l2BlockNumber: U256::from(block),
        l1BlockHash: l1.hash,
        l1BlockNumber: U256::from(l1.number),
    };
    Ok(call.abi_encode().into())
}

/// The key of a proposal behind block `parent`; `attempt` counts how often one was made there before.
fn proposal_key(parent: u64, block: u64, attempt: usize) -> String {
    format!("proposal/{parent}/{block}/{attempt}")
}

/// What a key covers.
fn coverage(key: &str) -> Coverage {
    let proposal = || {
        let block = key.strip_prefix("proposal/")?.split('/').nth(1)?;
        Some(Coverage::Proposal { block: block.parse().ok()? })
    };
    proposal().unwrap_or(Coverage::Other)
}

#[cfg(test)]
mod tests;
