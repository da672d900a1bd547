//! Proposes output roots: one for every interval that is safe, with a bond.
//!
//! Proposes nothing that is not derivable from L1 already: only blocks at or below the safe head. Not here: whether a
//! proposal is true in the eyes of others; verifiers say that.

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, U256},
    sol_types::SolCall,
};
use bindings::OutputOracle;
use db::{ChainReader, Database, OutboxOutcome, SealedHeader};
use l1::{
    L1Client, Outputs,
    tx::{TxHandle, TxRequest},
};
use protocol::{RollupConfig, merkle_root, output_root};

use crate::{
    BatcherError, metrics,
    outbox::{Outbox, proposal_key},
    source::Source,
};

/// Gas of `proposeOutput`, with room: its estimate would fail while an earlier proposal is still in flight.
const PROPOSE_GAS: u64 = 400_000;

/// Makes and submits proposals.
#[derive(Debug)]
pub(crate) struct Proposer {
    oracle: Address,
    interval: u64,
    client: L1Client,
    outputs: Outputs,
    chain: ChainReader,
    source: Source,
    outbox: Outbox,
    sender: TxHandle,
    bond: Option<U256>,
}

impl Proposer {
    pub(crate) fn new(
        rollup: &RollupConfig,
        client: L1Client,
        database: Database,
        source: Source,
        outbox: Outbox,
        sender: TxHandle,
    ) -> Self {
        let oracle = rollup.contracts.output_oracle;
        let outputs = Outputs::new(client.clone(), oracle);
        let interval = rollup.proposal_interval;
        Self {
            oracle,
            interval,
            client,
            outputs,
            chain: ChainReader::new(database),
            source,
            outbox,
            sender,
            bond: None,
        }
    }

    /// One look; proposes the next interval if it is safe.
    pub(crate) async fn round(&mut self) -> Result<(), BatcherError> {
        let Some(heads) = self.source.heads().await? else { return Ok(()) };
        let Some(head) = self.sender.status().borrow().head else { return Ok(()) };
        let at = BlockId::from(head.hash);
        let next = self.outputs.next_block(at).await;
        let next = next.map_err(|source| BatcherError::L1 {
            what: "the next proposal",
            source: Box::new(source),
        })?;
        metrics::proposed_to(next.saturating_sub(self.interval));
        let safe = heads.safe_head().number;
        if next > safe {
            return Ok(());
        }
        let Some(headers) = self.headers(next).await? else { return Ok(()) };
        let attempt = match self.attempt(next).await? {
            Some(attempt) => attempt,
            None => return Ok(()),
        };
        let outputs: Vec<B256> = headers.iter().map(output_of).collect();
        let Some(&root) = outputs.last() else { return Ok(()) };
        let call = OutputOracle::proposeOutputCall {
            outputRoot: root,
            l2BlockNumber: U256::from(next),
            segmentsRoot: merkle_root(&outputs),
            l1BlockHash: head.hash,
            l1BlockNumber: U256::from(head.number),
        };
        let request = TxRequest {
            to: self.oracle,
            value: self.bond(at).await?,
            input: call.abi_encode().into(),
            gas_limit: Some(PROPOSE_GAS),
            blob_data: None,
        };
        let key = proposal_key(next, attempt);
        let record = self.sender.submit(&key, request).await.map_err(BatcherError::Submit)?;
        tracing::info!(block = next, %root, record = record.id.0, "proposal handed to the L1 sender");
        Ok(())
    }

    /// The number of the next attempt for this block; `None` while one is under way or has landed.
    async fn attempt(&self, block: u64) -> Result<Option<usize>, BatcherError> {
        let prefix = format!("proposal/{block}/");
        let tried = self.outbox.entries(&prefix).await.map_err(BatcherError::Outbox)?;
        let alive = |outcome: &Option<OutboxOutcome>| {
            matches!(outcome, None | Some(OutboxOutcome::Confirmed(_)))
        };
        if tried.iter().any(|entry| alive(&entry.outcome)) {
            return Ok(None);
        }
        if !tried.is_empty() {
            metrics::reposted();
        }
        Ok(Some(tried.len()))
    }

    /// The headers of the interval that ends with `last`; `None` while the index lacks some of them.
    async fn headers(&self, last: u64) -> Result<Option<Vec<SealedHeader>>, BatcherError> {
        let first = last + 1 - self.interval;
        let count = u32::try_from(self.interval).unwrap_or(u32::MAX);
        let headers = self.chain.headers(first, count).await.map_err(BatcherError::ReadIndex)?;
        let whole = headers.len() as u64 == self.interval;
        Ok(whole.then_some(headers))
    }

    async fn bond(&mut self, at: BlockId) -> Result<U256, BatcherError> {
        if let Some(bond) = self.bond {
            return Ok(bond);
        }
        let bond = self.client.call(self.oracle, OutputOracle::BONDCall {}, at).await;
        let bond =
            bond.map_err(|source| BatcherError::L1 { what: "the bond", source: Box::new(source) })?;
        self.bond = Some(bond);
        Ok(bond)
    }
}

fn output_of(sealed: &SealedHeader) -> B256 {
    let withdrawals_root = sealed.header.withdrawals_root.unwrap_or_default();
    output_root(sealed.header.state_root, withdrawals_root, sealed.hash)
}
