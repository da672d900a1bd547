//! Waiting for something to become true, with a bound that only ends what hangs.

use std::{future::Future, time::Duration};

use eyre::{Result, bail};

/// How often a condition is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Looks until `look` gives a value. An error ends the wait at once.
///
/// # Errors
/// The error of `look`, or one that says what did not happen in time.
pub async fn eventually<T, F, Fut>(what: &str, patience: Duration, mut look: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        if let Some(value) = look().await? {
            return Ok(value);
        }
        if tokio::time::Instant::now() >= deadline {
            bail!("{what}: not in {patience:?}");
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
