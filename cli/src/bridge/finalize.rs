//! Has a withdrawal paid on L1. It is paid once, whether or not its call comes through, so that is said clearly.

use alloy::{
    primitives::Address, rpc::types::Log, signers::local::PrivateKeySigner, sol_types::SolEvent,
};
use bindings::{
    L1CrossDomainMessenger::FailedRelayedMessage,
    Portal::{self, WithdrawalFinalized},
};
use eyre::{Result, bail, eyre};
use serde_json::json;

use super::{
    console::Console, error::BridgeError, layer::Call, link::Link, stage::Stage,
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
    let outcome = outcome(portal, initiated.withdrawal.target, &receipt.logs)
        .ok_or_else(|| eyre!("the portal has not said what became of the withdrawal"))?;
    let text = match outcome {
        Outcome::Paid => format!("paid in L1 block {}", receipt.block()),
        Outcome::CallFailed => "the call of the withdrawal failed on L1".to_owned(),
        Outcome::MessageFailed => "the message of the withdrawal failed on L1".to_owned(),
    };
    let fields = json!({
        "withdrawalHash": initiated.hash,
        "l1Transaction": receipt.transaction_hash,
        "l1Block": receipt.block(),
        "success": outcome == Outcome::Paid,
    });
    console.step("finalized", &text, fields);
    Ok(outcome)
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

fn outcome(portal: Address, target: Address, logs: &[Log]) -> Option<Outcome> {
    let made = logs
        .iter()
        .filter(|log| log.inner.address == portal)
        .find_map(|log| WithdrawalFinalized::decode_log(&log.inner).ok())?;
    let failed = |log: &Log| {
        log.inner.address == target && log.topic0() == Some(&FailedRelayedMessage::SIGNATURE_HASH)
    };
    Some(match made.success {
        false => Outcome::CallFailed,
        true if logs.iter().any(failed) => Outcome::MessageFailed,
        true => Outcome::Paid,
    })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, Log as PrimitiveLog, LogData};

    use super::*;

    #[test]
    fn a_payment_that_failed_inside_is_not_called_paid() {
        let (portal, messenger) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let log = |address, data: LogData| Log {
            inner: PrimitiveLog { address, data },
            ..Log::default()
        };
        let made = |success| {
            let event = WithdrawalFinalized { withdrawalHash: B256::ZERO, success };
            log(portal, event.encode_log_data())
        };
        let event = FailedRelayedMessage { msgHash: B256::ZERO };
        let failed = log(messenger, event.encode_log_data());
        assert_eq!(outcome(portal, messenger, &[made(true)]), Some(Outcome::Paid));
        assert_eq!(outcome(portal, messenger, &[made(false)]), Some(Outcome::CallFailed));
        let inside = [failed.clone(), made(true)];
        assert_eq!(outcome(portal, messenger, &inside), Some(Outcome::MessageFailed));
        assert_eq!(outcome(portal, messenger, &[failed]), None);
    }
}
