//! What a loop does with an error of this crate: try again, go back to a known point, or stop.
//!
//! Invariant: a failure of the server or of the way to it is temporary and never anything else, so a service outlives a
//! restart of Postgres; a failure of our own SQL or data is never temporary, so no loop repeats it for ever.

use std::io::ErrorKind;

/// The answer to "now what?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The same call may succeed later: the server was away, full, or chose us as the victim of a deadlock.
    Temporary,
    /// What the caller believes about the database is out of date: read it again, then go on from there.
    Reset,
    /// A person must look: lost leadership, a row that nobody should have written, a mistake in this crate.
    Critical,
}

/// An error that knows its severity.
pub trait Classify {
    /// What the caller's loop should do.
    fn severity(&self) -> Severity;

    /// Whether Postgres was the cause rather than what was asked of it. After a write this also means that its
    /// outcome is unknown.
    fn is_unavailable(&self) -> bool {
        self.severity() == Severity::Temporary
    }
}

/// SQLSTATE classes and codes that pass by themselves: connection, resources, operator intervention,
/// serialization, deadlock, lock timeout, cancelled statement, read-only during a failover.
const TEMPORARY_CLASSES: [&str; 3] = ["08", "53", "57"];
const TEMPORARY_CODES: [&str; 4] = ["40001", "40P01", "55P03", "25006"];

impl Classify for sqlx::Error {
    fn severity(&self) -> Severity {
        let temporary = match self {
            Self::Io(cause) => cause.kind() != ErrorKind::InvalidInput,
            // The last is what remains of a conversation that broke off in the middle.
            Self::PoolTimedOut | Self::WorkerCrashed | Self::Protocol(_) => true,
            Self::Database(cause) => cause.code().is_some_and(|code| {
                TEMPORARY_CODES.contains(&code.as_ref())
                    || TEMPORARY_CLASSES.iter().any(|class| code.starts_with(class))
            }),
            _ => false,
        };
        if temporary { Severity::Temporary } else { Severity::Critical }
    }
}

/// Whether a unique or exclusion constraint refused a row.
pub(crate) fn is_conflict(error: &sqlx::Error) -> bool {
    const UNIQUE_VIOLATION: &str = "23505";
    const EXCLUSION_VIOLATION: &str = "23P01";
    matches!(error, sqlx::Error::Database(cause)
        if cause.code().is_some_and(|code| code == UNIQUE_VIOLATION || code == EXCLUSION_VIOLATION))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChainReader, Database, DatabaseOptions, testing::OwnServer};

    #[tokio::test]
    async fn a_server_that_restarts_is_a_temporary_failure() {
        let server = OwnServer::new();
        let cluster = server.start().await;
        let limits = DatabaseOptions {
            acquire_time_max: std::time::Duration::from_secs(1),
            ..DatabaseOptions::default()
        };
        let database = Database::connect(&cluster.url("postgres"), &limits).await.unwrap();
        database.migrate().await.unwrap();
        database.migrate().await.expect("a second time changes nothing");
        let settings = database.settings().await.unwrap();
        assert!(!settings.durable && !settings.version.is_empty());
        let reader = ChainReader::new(database.clone());
        assert_eq!(reader.header(0).await.unwrap(), None);

        tokio::task::spawn_blocking(|| cluster.stop()).await.unwrap().unwrap();
        let error = reader.header(0).await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        let error = Database::connect("postgres://postgres@localhost/x?host=/nowhere", &limits);
        let error = error.await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");

        let _cluster = server.start().await;
        assert_eq!(reader.header(0).await.unwrap(), None, "the pool connects again");
    }

    #[tokio::test]
    async fn our_own_mistakes_are_critical() {
        let test = crate::testing::TestDatabase::create().await;
        let wrong = sqlx::query("SELECT nothing").execute(test.database.pool()).await;
        assert_eq!(wrong.unwrap_err().severity(), Severity::Critical);
        let url = Database::connect("not a url", &DatabaseOptions::default()).await;
        assert_eq!(url.unwrap_err().severity(), Severity::Critical);
        assert!(!test.database.settings().await.unwrap().durable, "tests give durability up");
    }
}
