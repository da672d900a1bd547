//! Whether the oracle disputes with the program that this verifier has.
//!
//! An oracle is made for one image and one set of parameters and keeps them for its life, so a version of Braid with another
//! image needs another oracle. A verifier of that version cannot play for the older one: what it took for the truth would
//! lose. It ends at once, and whoever runs it goes back to the version that the chain was deployed with.

use std::time::Duration;

use l1::{DisputedProgram, Disputes, L1Tip};
use service::{Backoff, error_chain};
use tokio::sync::watch;

use super::PlayerError;

const RETRY_PAUSE_MIN: Duration = Duration::from_millis(200);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Asks the oracle, as soon as L1 is there.
pub(super) async fn require_same(
    disputes: &Disputes,
    ours: DisputedProgram,
    mut tip: watch::Receiver<L1Tip>,
) -> Result<(), PlayerError> {
    let mut backoff = Backoff::new(RETRY_PAUSE_MIN, RETRY_PAUSE_MAX);
    loop {
        let Some(head) = tip.borrow_and_update().head else {
            tip.changed().await.map_err(|_| PlayerError::Lost("L1 watcher"))?;
            continue;
        };
        match disputes.program(head.hash).await.map_err(PlayerError::L1) {
            Ok(oracle) => return same(oracle, ours),
            Err(error) if error.is_temporary() => {
                let error = error_chain(&error);
                tracing::warn!(error, "cannot read what the oracle disputes with, trying again");
                tokio::time::sleep(backoff.pause()).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn same(oracle: DisputedProgram, ours: DisputedProgram) -> Result<(), PlayerError> {
    if oracle == ours {
        return Ok(());
    }
    Err(PlayerError::OtherProgram { oracle: Box::new(oracle), ours: Box::new(ours) })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::*;
    use crate::initial_state;

    /// A new version comes while a dispute of the old one is open.
    #[test]
    fn change_of_image_while_a_dispute_is_open_is_noticed() {
        let parameters_hash = B256::repeat_byte(1);
        let ours = DisputedProgram { initial_state: initial_state(), parameters_hash };
        same(ours, ours).unwrap();
        let (other, image) = (B256::repeat_byte(2), ours.initial_state);
        for (initial_state, parameters_hash) in [(other, parameters_hash), (image, other)] {
            let oracle = DisputedProgram { initial_state, parameters_hash };
            let error = same(oracle, ours).unwrap_err();
            assert!(matches!(error, PlayerError::OtherProgram { .. }) && !error.is_temporary());
        }
    }
}
