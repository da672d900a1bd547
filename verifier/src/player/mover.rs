//! Hands moves to the L1 sender, each under a key that names it, so that none is made twice.
//!
//! A move that L1 still asks for after its transaction has failed gets another one, under the next number. A move that is
//! of no more use is taken back, if it is not mined by then, one of an earlier process too: the outbox says what is under
//! way. One that is taken back too late reverts, which costs its gas once. Invariant: nothing is handed over that the
//! contract refuses in the state that it was decided in.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    eips::BlockId as At,
    primitives::{Address, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use dispute::Act;
use l1::{
    L1Client, L1Error,
    tx::{Outcome, SubmitError, TxHandle, TxId, TxRecord, TxRequest},
};
use protocol::BlockId;

use super::calls::calldata;

/// Transactions for one move, at most; each failed one costs gas.
const ATTEMPTS_MAX: u32 = 8;
/// Gas on top of an estimate: the winner of a match may meet the next one, that came meanwhile.
const GAS_ROOM: u64 = 300_000;

/// Makes moves with one account.
#[derive(Debug)]
pub struct Mover {
    client: L1Client,
    oracle: Address,
    account: Address,
    sender: TxHandle,
    /// Handed over and not known to have ended, by key.
    open: BTreeMap<String, Sent>,
    /// What earlier processes have handed over is among them.
    is_resumed: bool,
}

#[derive(Debug)]
struct Sent {
    proposal: u64,
    request: TxRequest,
    is_withdrawal: bool,
}

/// What became of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Made {
    /// It is under way, or done in a block that was not looked at yet.
    UnderWay,
    /// It was handed over now.
    HandedOver(TxId),
    /// The contract would not take it.
    Refused(String),
    /// The account cannot pay for it.
    NoMoney { balance: U256, required: U256 },
    /// It failed as often as it may.
    GivenUp,
}

/// Why a move could not be handed over.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// L1 was asked in vain.
    #[error("cannot try a move")]
    Try(#[source] L1Error),
    /// The sender did not take it.
    #[error("cannot hand a move to the L1 sender")]
    Submit(#[source] SubmitError),
}

impl Mover {
    /// Moves with the account of this sender.
    pub const fn new(
        client: L1Client,
        oracle: Address,
        account: Address,
        sender: TxHandle,
    ) -> Self {
        Self { client, oracle, account, sender, open: BTreeMap::new(), is_resumed: false }
    }

    /// Whose moves they are.
    pub const fn account(&self) -> Address {
        self.account
    }

    /// What it has, in wei.
    pub(super) fn balance(&self) -> U256 {
        self.sender.status().borrow().balance
    }

    /// Makes a move that was decided in the state after `head`.
    pub(super) async fn make(
        &mut self,
        proposal: u64,
        act: &Act,
        head: BlockId,
    ) -> Result<Made, MoveError> {
        self.resume().await?;
        let is_withdrawal = matches!(act, Act::Withdraw { .. });
        let prefix = prefix(proposal, act);
        let stands_for = |key: &str, sent: &Sent| {
            // One call takes out all, whichever dispute it came from.
            key.starts_with(&prefix) || is_withdrawal && sent.is_withdrawal
        };
        if self.is_under_way(stands_for).await? {
            return Ok(Made::UnderWay);
        }
        if self.sender.status().borrow().head.is_none() {
            // The sender does not know yet what the account has.
            return Ok(Made::UnderWay);
        }
        let (balance, required) = (self.balance(), act.bond());
        if balance <= required {
            return Ok(Made::NoMoney { balance, required });
        }
        let input = calldata(act);
        let gas_limit = match self.gas(&input, act.bond(), head).await {
            Ok(gas) => Some(gas),
            Err(error) if error.is_revert() => {
                return Ok(Made::Refused(service::error_chain(&error)));
            }
            Err(error) => return Err(MoveError::Try(error)),
        };
        let (to, value) = (self.oracle, act.bond());
        let request = TxRequest { to, value, input: input.into(), gas_limit, blob_data: None };
        for attempt in 0..ATTEMPTS_MAX {
            let key = format!("{prefix}{attempt}");
            let record = self.submit(&key, &request).await?;
            if is_failed(&record, head) {
                continue;
            }
            if record.outcome.is_some() {
                return Ok(Made::UnderWay);
            }
            self.open.insert(key, Sent { proposal, request, is_withdrawal });
            return Ok(Made::HandedOver(record.id));
        }
        Ok(Made::GivenUp)
    }

    /// Takes up what earlier processes have handed over, the first time.
    async fn resume(&mut self) -> Result<(), MoveError> {
        if self.is_resumed {
            return Ok(());
        }
        for TxRecord { key, request, .. } in self.sender.open().await.map_err(MoveError::Submit)? {
            if let Some((proposal, is_withdrawal)) = parsed(&key) {
                self.open.insert(key, Sent { proposal, request, is_withdrawal });
            }
        }
        self.is_resumed = true;
        Ok(())
    }

    /// The proposals for which something is under way.
    pub(super) async fn under_way(&mut self) -> Result<BTreeSet<u64>, MoveError> {
        self.resume().await?;
        Ok(self.open.values().map(|sent| sent.proposal).collect())
    }

    /// Takes back what is under way for a proposal and no longer asked for.
    pub(super) async fn give_up_but(
        &mut self,
        proposal: u64,
        asked: &[Act],
    ) -> Result<(), MoveError> {
        self.resume().await?;
        let asked: BTreeSet<_> = asked.iter().map(|act| prefix(proposal, act)).collect();
        let useless = self.open.iter().filter(|(key, sent)| {
            sent.proposal == proposal && !asked.iter().any(|asked| key.starts_with(asked))
        });
        let useless: Vec<_> =
            useless.map(|(key, sent)| (key.clone(), sent.request.clone())).collect();
        for (key, request) in useless {
            let record = self.submit(&key, &request).await?;
            if record.outcome.is_some() {
                self.open.remove(&key);
            } else if record.inclusion.is_none() && !record.cancel_requested {
                tracing::info!(key, "a move is of no more use");
                self.sender.cancel(record.id).await.map_err(MoveError::Submit)?;
            }
        }
        Ok(())
    }

    /// Whether there are such transactions. Those that have ended are let go; the next round makes another if it is still
    /// asked for.
    async fn is_under_way(
        &mut self,
        such: impl Fn(&str, &Sent) -> bool,
    ) -> Result<bool, MoveError> {
        let open = self.open.iter().filter(|(key, sent)| such(key, sent));
        let open: Vec<_> = open.map(|(key, sent)| (key.clone(), sent.request.clone())).collect();
        for (key, request) in &open {
            if self.submit(key, request).await?.outcome.is_some() {
                self.open.remove(key);
            }
        }
        Ok(!open.is_empty())
    }

    async fn submit(&self, key: &str, request: &TxRequest) -> Result<TxRecord, MoveError> {
        self.sender.submit(key, request.clone()).await.map_err(MoveError::Submit)
    }

    /// Gas for a call in the state after a block, with room.
    async fn gas(&self, input: &[u8], value: U256, at: BlockId) -> Result<u64, L1Error> {
        let request = TransactionRequest::default().from(self.account).to(self.oracle);
        let request = request.value(value).input(input.to_vec().into());
        let asked = self.client.provider().estimate_gas(request).block(At::hash(at.hash)).await;
        let gas = asked.map_err(|source| L1Error::Request { method: "eth_estimateGas", source })?;
        Ok(gas.saturating_add(gas / 4).saturating_add(GAS_ROOM))
    }
}

fn prefix(proposal: u64, act: &Act) -> String {
    format!("play/{proposal}/{}/", act.key())
}

/// The proposal that a key is about, and whether it is of a withdrawal; `None` if it is of no move.
fn parsed(key: &str) -> Option<(u64, bool)> {
    let (proposal, act) = key.strip_prefix("play/")?.split_once('/')?;
    Some((proposal.parse().ok()?, act.starts_with("withdraw/")))
}

/// Whether a transaction has ended before the state that the move was decided in, and the move is asked for all the same.
const fn is_failed(record: &TxRecord, head: BlockId) -> bool {
    match &record.outcome {
        None => false,
        Some(Outcome::Confirmed(at) | Outcome::Reverted(at) | Outcome::Cancelled(Some(at))) => {
            at.block.number <= head.number
        }
        Some(Outcome::Cancelled(None) | Outcome::Refused { .. }) => true,
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::*;

    #[test]
    fn a_key_says_what_it_is_about() {
        let timeout = Act::Timeout { of_match: B256::repeat_byte(7) };
        let withdrawal = Act::Withdraw { account: Address::repeat_byte(1) };
        assert_eq!(parsed(&format!("{}0", prefix(12, &timeout))), Some((12, false)));
        assert_eq!(parsed(&format!("{}3", prefix(4, &withdrawal))), Some((4, true)));
        assert_eq!(parsed("lie/16"), None);
        assert_eq!(parsed("play/other/0"), None);
    }
}
