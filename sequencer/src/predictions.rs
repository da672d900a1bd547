//! What the executor has learned of contracts, across a restart.

use db::Predictions;
use executor::parallel::Predictor;
use service::error_chain;

/// Saves what is known now.
pub(crate) async fn save(stored: &Predictions, predictor: &Predictor) {
    let learned = predictor.encode();
    match stored.replace(&learned).await {
        Ok(()) => tracing::debug!(bytes = learned.len(), "predictions saved"),
        Err(error) => tracing::warn!(error = %error_chain(&error), "cannot save the predictions"),
    }
}

/// Takes over what was saved. What cannot be read is learned again.
pub(crate) async fn reload(stored: &Predictions, predictor: &Predictor) {
    match stored.load().await {
        Ok(Some(learned)) => match predictor.restore(&learned) {
            Ok(()) => tracing::debug!(bytes = learned.len(), "predictions reloaded"),
            Err(error) => {
                tracing::warn!(error = %error_chain(&error), "saved predictions are not used");
            }
        },
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(error = %error_chain(&error), "cannot read the saved predictions");
        }
    }
}
