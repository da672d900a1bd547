//! Has a withdrawal paid on L1. It is paid once, whether or not its call comes through, so that is said clearly.

use alloy::{
    primitives::Address,
    providers::Provider,
    rpc::types::{Filter, Log},
    signers::local::PrivateKeySigner,
    sol_types::SolEvent,
};
use bindings::{
    L1CrossDomainMessenger::FailedRelayedMessage,
    Portal::{self, WithdrawalFinalized},
};
use eyre::{Result, WrapErr, bail, eyre};
use serde_json::json;

use super::{
    console::Console,
    error::BridgeError,
    layer::Call,
    link::Link,
    stage::{Stage, Waits},
    withdrawals::Initiated,
};

/// Has it paid if it can be and is not.
pub(crate) async fn if_ready(
    link: &Link,
    signer: &PrivateKeySigner,
    initiated: &Initiated,
    stage: Stage,
    console: &mut Console,
) -> Result<()> {
    match stage {
        Stage::WaitingToProve { .. } | Stage::ReadyToProve { .. } => {
            Err(BridgeError::NotProven.into())
        }
        Stage::WaitingToFinalize { waits: Waits::Dispute, .. } => {
            Err(BridgeError::InDispute.into())
        }
        Stage::WaitingToFinalize { left, .. } => Err(BridgeError::NotFinal { left }.into()),
        Stage::ReadyToFinalize => {
            finalize(link, signer, initiated, console).await?.must_be_paid(initiated)
        }
        Stage::Finalized => {
            let fields = json!({ "withdrawalHash": initiated.hash, "stage": stage.name() });
            console.step("nothing", &format!("nothing to do: {}", stage.words()), fields);
            Ok(())
        }
    }
}

/// Has it paid, and says what became of it.
pub(crate) async fn finalize(
    link: &Link,
    signer: &PrivateKeySigner,
    initiated: &Initiated,
    console: &mut Console,
) -> Result<Outcome> {
    link.portal_must_have(initiated.withdrawal.value).await?;
    let portal = link.chain.contracts.portal;
    let call = Portal::finalizeWithdrawalTransactionCall { withdrawal: initiated.for_portal() };
    let call = Call::new(portal, &call);
    let receipt = link.l1.execute("the payment", signer, &call, console).await?;
    let outcome = outcome(portal, initiated, &receipt.logs)
        .ok_or_else(|| eyre!("the portal has not said what became of the withdrawal"))?;
    let text = format!("{} in L1 block {}", outcome.words(), receipt.block());
    let fields = json!({
        "withdrawalHash": initiated.hash,
        "l1Transaction": receipt.transaction_hash,
        "l1Block": receipt.block(),
        "success": outcome == Outcome::Paid,
    });
    console.step("finalized", &text, fields);
    Ok(outcome)
}

/// What became of a withdrawal that was finalized, by whomever.
pub(crate) async fn look_up(link: &Link, initiated: &Initiated) -> Result<Outcome> {
    let portal = link.chain.contracts.portal;
    let filter = Filter::new()
        .address(portal)
        .event_signature(WithdrawalFinalized::SIGNATURE_HASH)
        .topic1(initiated.hash)
        .from_block(link.chain.l1_origin());
    let logs = link.l1.provider.get_logs(&filter).await;
    let logs = logs.wrap_err("cannot search L1 for the end of the withdrawal")?;
    let found = logs.first().and_then(|log| log.transaction_hash);
    let hash = found.ok_or_else(|| eyre!("L1 does not show the end of the withdrawal"))?;
    let receipt = link.l1.receipt(hash).await?;
    let receipt = receipt.ok_or_else(|| eyre!("L1 has no receipt of {hash}"))?;
    outcome(portal, initiated, &receipt.logs)
        .ok_or_else(|| eyre!("the portal has not said what became of the withdrawal"))
}

/// What became of a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Paid,
    CallFailed,
    /// The messenger was called, the message that it was to hand on failed.
    MessageFailed,
}

impl Outcome {
    /// What it is.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::CallFailed => "called, but the call failed,",
            Self::MessageFailed => "called, but its message failed and waits in the messenger,",
        }
    }

    /// Makes an error of what is not a payment.
    pub(crate) fn must_be_paid(self, initiated: &Initiated) -> Result<()> {
        let target = initiated.withdrawal.target;
        match self {
            Self::Paid => Ok(()),
            Self::CallFailed => bail!(
                "{target} has refused what the withdrawal brought, and the portal calls it only once"
            ),
            Self::MessageFailed => bail!(
                "the message waits in the messenger {target}: anybody can call its relayMessage again, with more gas or at a better time"
            ),
        }
    }
}

/// One L1 transaction may finalize several: what its message has said lies before the event of the withdrawal itself, and
/// behind that of the one before.
fn outcome(portal: Address, initiated: &Initiated, logs: &[Log]) -> Option<Outcome> {
    let (hash, target) = (initiated.hash, initiated.withdrawal.target);
    let mut message_failed = false;
    for log in logs {
        let (emitter, topic) = (log.inner.address, log.topic0());
        if emitter == target && topic == Some(&FailedRelayedMessage::SIGNATURE_HASH) {
            message_failed = true;
        } else if emitter == portal
            && let Ok(event) = WithdrawalFinalized::decode_log(&log.inner)
        {
            match event.withdrawalHash == hash {
                true if !event.success => return Some(Outcome::CallFailed),
                true if message_failed => return Some(Outcome::MessageFailed),
                true => return Some(Outcome::Paid),
                false => message_failed = false,
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, Bytes, Log as PrimitiveLog, LogData, U256};
    use protocol::Withdrawal;

    use super::*;

    fn to(target: Address) -> Initiated {
        let withdrawal = Withdrawal {
            nonce: U256::ZERO,
            sender: Address::ZERO,
            target,
            value: U256::ZERO,
            gas_limit: U256::ZERO,
            data: Bytes::new(),
        };
        let hash = withdrawal.hash();
        Initiated { hash, withdrawal, transaction: B256::ZERO, block: 0, timestamp: 0 }
    }

    #[test]
    fn a_payment_that_failed_inside_is_not_called_paid() {
        let (portal, messenger) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let initiated = to(messenger);
        let log = |address, data: LogData| Log {
            inner: PrimitiveLog { address, data },
            ..Log::default()
        };
        let made = |hash, success| {
            let event = WithdrawalFinalized { withdrawalHash: hash, success };
            log(portal, event.encode_log_data())
        };
        let event = FailedRelayedMessage { msgHash: B256::ZERO };
        let failed = log(messenger, event.encode_log_data());
        let (ours, other) = (initiated.hash, B256::repeat_byte(9));
        for (logs, expected) in [
            (vec![made(ours, true)], Some(Outcome::Paid)),
            (vec![made(ours, false)], Some(Outcome::CallFailed)),
            (vec![failed.clone(), made(ours, true)], Some(Outcome::MessageFailed)),
            (vec![made(other, false), made(ours, true)], Some(Outcome::Paid)),
            (vec![failed.clone(), made(other, true), made(ours, true)], Some(Outcome::Paid)),
            (vec![made(other, true)], None),
            (vec![failed], None),
        ] {
            assert_eq!(outcome(portal, &initiated, &logs), expected);
        }
    }
}
