//! How far a follower of the truth has come, and the lock that makes it the only one to move.
//!
//! Invariant: whoever holds the cursor's row lock sees a truth that nobody unwinds, because unwinding takes both
//! cursors first.

use sqlx::{PgConnection, PgExecutor, Row};

use crate::{convert::Big, metrics::timed};

/// What follows the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follower {
    State,
    Projection,
}

impl Follower {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Projection => "projection",
        }
    }
}

/// The newest block that the follower contains.
pub(crate) async fn read(
    executor: impl PgExecutor<'_>,
    follower: Follower,
) -> Result<Option<u64>, sqlx::Error> {
    let query =
        sqlx::query("SELECT block_number FROM cursors WHERE name = $1").bind(follower.name());
    let row = timed("index_cursor", query.fetch_one(executor)).await?;
    Ok(row.try_get::<Option<Big>, _>(0)?.map(|number| number.0))
}

/// The same, locked until the transaction ends.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    follower: Follower,
) -> Result<Option<u64>, sqlx::Error> {
    let query = sqlx::query("SELECT block_number FROM cursors WHERE name = $1 FOR UPDATE")
        .bind(follower.name());
    let row = timed("index_cursor_lock", query.fetch_one(connection)).await?;
    Ok(row.try_get::<Option<Big>, _>(0)?.map(|number| number.0))
}

pub(crate) async fn set(
    connection: &mut PgConnection,
    follower: Follower,
    number: Option<u64>,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query("UPDATE cursors SET block_number = $2 WHERE name = $1")
        .bind(follower.name())
        .bind(number.map(Big));
    timed("index_cursor_set", query.execute(connection)).await?;
    Ok(())
}
