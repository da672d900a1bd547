//! Takes a withdrawal from wherever it stands to its end: look, act or wait, and look again. It keeps nothing, so it can be
//! interrupted and taken up again, and goes on after a reorg of either chain.

use alloy::signers::local::PrivateKeySigner;
use eyre::{Report, Result};

use super::{
    args::WhichArgs,
    console::Console,
    error::BridgeError,
    facts, finalize,
    link::Link,
    prove,
    stage::{Stage, Terms},
    wait::{self, Outage},
    withdrawals::{self, Initiated},
};

/// Follows it to the end.
pub(crate) async fn to_the_end(
    link: &Link,
    signer: &PrivateKeySigner,
    which: &WhichArgs,
    console: &mut Console,
) -> Result<()> {
    let terms = link.terms().await?;
    let l2 = link.l2().await?;
    let mut initiated = withdrawals::find(l2, which).await?;
    let mut outage = Outage::default();
    loop {
        let stage = match facts::read(link, &initiated, terms).await {
            Ok(facts) => facts.stage(),
            Err(error) => {
                console.waiting("outage", &outage.bear(error)?);
                tokio::time::sleep(wait::pause(0)).await;
                continue;
            }
        };
        outage.over();
        match stage {
            Stage::Finalized => {
                return finalize::if_ready(link, signer, &initiated, stage, console).await;
            }
            Stage::WaitingToProve { .. } | Stage::WaitingToFinalize { .. } => {
                console.waiting(stage.name(), &stage.words());
                tokio::time::sleep(wait::pause(stage.left().unwrap_or_default())).await;
                // Until it is proven, L2 may give it another block.
                if matches!(stage, Stage::WaitingToProve { .. })
                    && let Ok(again) = withdrawals::find(l2, which).await
                {
                    initiated = again;
                }
            }
            Stage::ReadyToProve { proposal, .. } => {
                let proven = prove::prove(link, signer, &initiated, proposal, console).await;
                if let Some(text) = proven.as_ref().err().and_then(no_proof) {
                    console.waiting("no-proof", &text);
                    tokio::time::sleep(wait::pause(terms.between_proposals())).await;
                    continue;
                }
                unless_it_moved(link, &initiated, terms, stage, proven).await?;
            }
            Stage::ReadyToFinalize => {
                let made = finalize::finalize(link, signer, &initiated, console).await;
                if let Some(outcome) = unless_it_moved(link, &initiated, terms, stage, made).await?
                {
                    return outcome.must_be_paid(&initiated);
                }
            }
        }
    }
}

/// What to say while there is no proof: a dispute may leave a proposal for a block that the L2 node keeps no proofs of, and
/// the next one is for another.
fn no_proof(error: &Report) -> Option<String> {
    match error.downcast_ref::<BridgeError>() {
        Some(BridgeError::Forgotten { block, proposal }) => Some(format!(
            "proposal {proposal} covers it, and the L2 node has no proof at its block {block}; the next proposal may do"
        )),
        _ => None,
    }
}

/// Anybody may prove a withdrawal and have it paid. Who finds that somebody was quicker has nothing to complain about.
async fn unless_it_moved<T>(
    link: &Link,
    initiated: &Initiated,
    terms: Terms,
    before: Stage,
    done: Result<T>,
) -> Result<Option<T>> {
    let error = match done {
        Ok(done) => return Ok(Some(done)),
        Err(error) => error,
    };
    match facts::read(link, initiated, terms).await {
        Ok(facts) if facts.stage().name() != before.name() => Ok(None),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use eyre::eyre;

    use super::*;

    #[test]
    fn a_block_without_proofs_is_waited_for_and_a_lie_is_not() {
        let said = no_proof(&BridgeError::Forgotten { block: 77, proposal: 5 }.into()).unwrap();
        assert!(said.contains("proposal 5") && said.contains("block 77"), "{said}");
        let lie = BridgeError::NotInState { hash: Default::default(), block: 77 };
        assert_eq!(no_proof(&lie.into()), None);
        assert_eq!(no_proof(&eyre!("L1 does not answer")), None);
    }
}
