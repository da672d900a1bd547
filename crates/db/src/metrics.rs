//! How long each query takes and how often it fails, by the query's name. Nothing else in this crate records metrics.
//!
//! Invariant: every query runs under a name and a time limit, so none can hang a service unseen. Only the migrations
//! do not.

use std::{future::Future, io, time::Duration};

use tokio::time::Instant;

/// No single query may take longer; a server that is stopped but still connected would otherwise hold its callers.
pub const QUERY_TIME_MAX: Duration = Duration::from_secs(60);

/// Runs one query under its name.
pub(crate) async fn timed<T>(
    name: &'static str,
    query: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timed_within(name, QUERY_TIME_MAX, query).await
}

/// The same with a limit of its own. A query that runs into it fails as an I/O error: its outcome is unknown.
pub(crate) async fn timed_within<T>(
    name: &'static str,
    time_max: Duration,
    query: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let start = Instant::now();
    let result = match tokio::time::timeout(time_max, query).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())),
    };
    metrics::histogram!("db_query_duration_seconds", "query" => name).record(start.elapsed());
    if result.is_err() {
        metrics::counter!("db_query_failures_total", "query" => name).increment(1);
    }
    result
}
