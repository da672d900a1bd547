//! Looks at L1 and at the verifier while a drill runs, and knows when it is over.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use alloy::{
    consensus::Transaction,
    eips::{BlockId as At, BlockNumberOrTag},
    primitives::{Address, B256, U256, utils::format_ether},
    providers::Provider,
    rpc::types::Filter,
    sol_types::SolEvent,
};
use bindings::DisputeOracle::{Withdrawn, creditCall};
use eyre::{Result, WrapErr, bail, ensure, eyre};
use l1::{L1Client, Outputs, Proposal};
use protocol::BlockId;
use verifier::Disagreement;

use super::{
    child::MortalVerifier,
    purse::Purse,
    story::{Console, Story, difference},
};
use crate::services::VerifierPages;

/// Between two looks.
const POLL: Duration = Duration::from_millis(300);
/// How often in a row L1 may fail to answer.
const FAILURES_MAX: u32 = 20;

/// What is to become final.
#[derive(Debug)]
pub(super) struct Told {
    /// The last block of the interval.
    pub(super) l2_block: u64,
    /// What truly stands after it.
    pub(super) truth: transition::BlockClaim,
    /// The true commitment.
    pub(super) root: B256,
}

/// Who looks.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    client: L1Client,
    outputs: Outputs,
    honest: Address,
    pub(super) console: Console,
    pages: &'a VerifierPages,
    /// The verifier, if it is killed and started again. What it thinks is not told then, only what it does.
    mortal: Option<MortalVerifier>,
    story: Story,
    purse: Purse,
    /// The newest L1 block that was told of.
    read_to: BlockId,
    /// What the honest side had.
    balance: U256,
    disagreements: Vec<Disagreement>,
    /// How often in a row L1 has failed to answer.
    failures: u32,
}

impl<'a> Watch<'a> {
    pub(super) async fn begin(
        client: L1Client,
        oracle: Address,
        honest: Address,
        console: Console,
        (pages, mortal): (&'a VerifierPages, Option<MortalVerifier>),
    ) -> Result<Self> {
        let head = client.header(BlockNumberOrTag::Latest).await.wrap_err("cannot read L1")?;
        let balance = client.balance_at(honest, head.hash).await.wrap_err("cannot read L1")?;
        let held = client.balance_at(oracle, head.hash).await.wrap_err("cannot read L1")?;
        Ok(Self {
            outputs: Outputs::new(client.clone(), oracle),
            client,
            honest,
            console,
            pages,
            mortal,
            story: Story::default(),
            purse: Purse::new(held),
            read_to: BlockId { number: head.number, hash: head.hash },
            balance,
            disagreements: Vec::new(),
            failures: 0,
        })
    }

    /// The L2 block that the next proposal begins after, and the first that it may end with.
    pub(super) async fn next_blocks(&self) -> Result<(u64, u64)> {
        let (at, failed) = (At::hash(self.recent().await?.hash), "cannot read proposals");
        let parent = self.outputs.latest_block(at).await.wrap_err(failed)?;
        Ok((parent, self.outputs.next_block(at).await.wrap_err(failed)?))
    }

    /// The newest L1 block.
    pub(super) async fn recent(&self) -> Result<BlockId> {
        let head = self.client.header(BlockNumberOrTag::Latest).await.wrap_err("cannot read L1")?;
        Ok(BlockId { number: head.number, hash: head.hash })
    }

    /// Tells what is new.
    pub(super) async fn look(&mut self) -> Result<()> {
        self.look_at_verifier();
        match self.look_at_l1().await {
            Ok(()) => self.failures = 0,
            Err(error) => self.excuse(error)?,
        }
        match &mut self.mortal {
            Some(mortal) => mortal.go_on(&self.client, self.honest, &self.console).await,
            None => Ok(()),
        }
    }

    async fn look_at_l1(&mut self) -> Result<()> {
        let head = self.recent().await?;
        if head.number <= self.read_to.number {
            return Ok(());
        }
        let filter = Filter::new().address(self.outputs.oracle());
        let filter = filter.from_block(self.read_to.number + 1).to_block(head.number);
        let logs = self.client.provider().get_logs(&filter).await.wrap_err("cannot read logs")?;
        // All is read before anything of it counts, so that what failed can be read again.
        let mut receipts = BTreeMap::new();
        let hashes: BTreeSet<B256> = logs.iter().filter_map(|log| log.transaction_hash).collect();
        for hash in hashes {
            let receipt = self.client.receipt(hash).await.wrap_err("cannot read L1")?;
            let receipt = receipt.ok_or_else(|| eyre!("a log without its receipt"))?;
            receipts.insert(hash, (receipt, self.value_of(hash).await?));
        }
        for (receipt, value) in receipts.values() {
            self.purse.pay(receipt);
            self.purse.put_down(*value);
        }
        for log in logs {
            let Some((receipt, _)) = log.transaction_hash.and_then(|hash| receipts.get(&hash))
            else {
                continue;
            };
            let sender = receipt.from;
            if let Ok(Withdrawn { amount, .. }) = Withdrawn::decode_log_data(&log.inner.data) {
                self.purse.pay_out(amount);
            }
            if let Some((event, text)) = self.story.tell(&log.inner, sender, &self.console) {
                self.console.say(event, &text);
                if let Some(mortal) = &mut self.mortal {
                    mortal.hear(event);
                }
            }
        }
        self.read_to = head;
        Ok(())
    }

    /// Passes over an answer that L1 could not give, unless it could not again and again.
    fn excuse(&mut self, error: eyre::Report) -> Result<()> {
        self.failures += 1;
        if self.failures > FAILURES_MAX {
            return Err(error);
        }
        tracing::warn!(error = format!("{error:#}"), "L1 does not answer, trying again");
        Ok(())
    }

    /// What a transaction brought along.
    async fn value_of(&self, hash: B256) -> Result<U256> {
        let found = self.client.provider().get_transaction_by_hash(hash).await;
        let found = found.wrap_err("cannot read L1")?;
        Ok(found.ok_or_else(|| eyre!("a receipt without its transaction"))?.value())
    }

    fn look_at_verifier(&mut self) {
        let Some(status) = self.pages.status() else { return };
        let disagreements = status.borrow().disagreements.clone();
        for found in &disagreements {
            if !self.disagreements.contains(found) {
                let derived = found.derived_output_root;
                let text = format!(
                    "the verifier disagrees: proposal {} for block {} is wrong; it claims output root {} where {} follows \
                     from L1",
                    found.proposal,
                    found.l2_block,
                    found.claimed_output_root,
                    derived.map_or_else(|| "nothing".to_owned(), |root| root.to_string())
                );
                self.console.say("disagreed", &text);
            }
        }
        self.disagreements = disagreements;
    }

    /// Tells what happens until the truth is final and the honest side has what it is owed.
    ///
    /// # Errors
    /// When a lie is final, or L1 cannot be read.
    pub(super) async fn until_true(&mut self, told: &Told) -> Result<()> {
        loop {
            self.look().await?;
            let ended = match self.settled(told).await {
                Ok(Some((proposal, is_final))) if is_true(told, &proposal, is_final)? => {
                    self.is_paid().await
                }
                settled => settled.map(|_| false),
            };
            let is_over = match ended {
                Ok(is_over) => is_over,
                Err(error) => {
                    self.excuse(error)?;
                    false
                }
            };
            if is_over {
                // What has happened since the last look was the end of it.
                self.look().await?;
                self.sum_up().await?;
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The proposal that stands for the block, and whether it is final.
    async fn settled(&self, told: &Told) -> Result<Option<(Proposal, bool)>> {
        // All of one block: between two reads a proposal can be replaced by what is final. And not of the newest one, of which
        // an L1 that makes the next just now may show some of that already.
        let head = self.client.header(BlockNumberOrTag::Latest).await.wrap_err("cannot read L1")?;
        let (at, failed) = (At::hash(head.parent_hash), "cannot read proposals");
        let count = self.outputs.count(at).await.wrap_err(failed)?;
        for index in (1..count).rev() {
            let proposal = self.outputs.proposal(index, at).await.wrap_err(failed)?;
            if proposal.l2_block == told.l2_block {
                let is_final = self.outputs.is_final(index, at).await.wrap_err(failed)?;
                return Ok(Some((proposal, is_final)));
            }
        }
        Ok(None)
    }

    /// Whether the honest side has more than it began with, but for gas.
    async fn is_paid(&self) -> Result<bool> {
        let (oracle, latest) = (self.outputs.oracle(), At::latest());
        let owed = self.client.call(oracle, creditCall { account: self.honest }, latest).await;
        let owed = owed.wrap_err("cannot read credits")?;
        Ok(owed.is_zero() && self.without_gas().await? > self.balance)
    }

    /// What the honest side would have if gas were free.
    async fn without_gas(&self) -> Result<U256> {
        let head = self.recent().await?;
        let now = self.client.balance_at(self.honest, head.hash).await;
        Ok(now.wrap_err("cannot read L1")?.saturating_add(self.purse.of(self.honest).cost))
    }

    async fn sum_up(&self) -> Result<()> {
        self.console.say("true", "the truth is final on L1, and what it cost is paid");
        for (account, spent) in self.purse.all() {
            let (name, price) = (self.console.name(account), spent.gas);
            let text = format!("{name}: {} transactions, {price} gas", spent.transactions);
            self.console.say("gas", &text);
        }
        self.count_bonds().await?;
        let gained = difference(self.balance, self.without_gas().await?);
        let name = self.console.name(self.honest);
        self.console.say("end", &format!("{name} has {gained} than at the beginning, gas aside"));
        Ok(())
    }

    /// Bonds in are bonds out, but for what the oracle still holds, to the wei.
    async fn count_bonds(&self) -> Result<()> {
        // The balance after that block, and nothing of the next.
        while self.recent().await?.number <= self.read_to.number {
            tokio::time::sleep(POLL).await;
        }
        let held = self.client.balance_at(self.outputs.oracle(), self.read_to.hash).await;
        let held = held.wrap_err("cannot read L1")?;
        let [put_down, paid_out] = self.purse.bonds();
        let text = format!(
            "{} ether of bonds were put down, {} were paid out, {} are held",
            format_ether(put_down),
            format_ether(paid_out),
            format_ether(held)
        );
        self.console.say("bonds", &text);
        ensure!(self.purse.held() == Some(held), "bonds in are not bonds out: {:?}", self.purse);
        Ok(())
    }
}

/// Whether a dispute has made the truth final, by the proposal that stands for the block.
///
/// # Errors
/// When a lie is final.
fn is_true(told: &Told, proposal: &Proposal, is_final: bool) -> Result<bool> {
    if is_final && proposal.claim != told.truth.hash() {
        bail!("A LIE IS FINAL: proposal {} for block {}", proposal.id, proposal.l2_block);
    }
    if is_final && proposal.tournament.is_none() && proposal.segments_root != told.root {
        bail!("nobody disputed proposal {}, whose commitment is false", proposal.id);
    }
    Ok(is_final && proposal.decided)
}
