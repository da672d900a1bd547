//! When Postgres looks again at the tables that it plans searches by.
//!
//! A table that grows from nothing to a million rows in seconds is searched as if it had a few, until somebody looks at
//! it; autovacuum comes too late for that. So whoever fills the tables says when they have become others. What was
//! added before this process began is known from Postgres' own count.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgPool, Row};
use tokio::sync::Mutex;

use crate::metrics::timed;

/// Fewer new rows than this are left to autovacuum.
const ROWS_MIN: u64 = 10_000;
/// A table has become another when it has grown by this part of what it had: one of so many.
const GROWTH_PART: u64 = 2;

/// What has been added to tables since Postgres has looked at them.
#[derive(Debug, Default)]
pub(super) struct Growth(Mutex<BTreeMap<&'static str, Table>>);

#[derive(Debug, Clone, Copy)]
struct Table {
    /// Rows when it was looked at last.
    known: u64,
    /// Rows since.
    added: u64,
}

impl Table {
    const fn is_another(&self) -> bool {
        self.added >= ROWS_MIN && self.added >= self.known / GROWTH_PART
    }
}

impl Growth {
    /// So many rows have come to these tables. Has Postgres look at those that have grown much.
    pub(super) async fn add(
        &self,
        pool: &PgPool,
        rows: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> Result<(), sqlx::Error> {
        let mut tables = self.0.lock().await;
        for (name, rows) in rows {
            let table = match tables.get(name) {
                Some(Table { known, added }) => Table { known: *known, added: added + rows },
                None => stored(pool, name, rows).await?,
            };
            tables.insert(name, table);
        }
        for (name, table) in tables.iter_mut().filter(|(_, table)| table.is_another()) {
            let statement = sqlx::query(AssertSqlSafe(format!("ANALYZE {name}")));
            timed("projection_analyze", statement.execute(pool)).await?;
            *table = Table { known: table.known + table.added, added: 0 };
        }
        Ok(())
    }

    /// The tables are empty now, or shorter.
    pub(super) async fn forget(&self) {
        self.0.lock().await.clear();
    }
}

/// What Postgres knows of a table that has just got some rows.
async fn stored(pool: &PgPool, name: &'static str, rows: u64) -> Result<Table, sqlx::Error> {
    let query = sqlx::query(
        "SELECT GREATEST(reltuples, 0)::bigint, pg_stat_get_mod_since_analyze(oid)
         FROM pg_class WHERE oid = $1::regclass",
    )
    .bind(name);
    let row = timed("projection_growth", query.fetch_one(pool)).await?;
    let count = |column: usize| row.try_get::<i64, _>(column).map(|rows| rows.try_into());
    let (seen, changed) = (count(0)?.unwrap_or(0_u64), count(1)?.unwrap_or(0_u64));
    let added = std::cmp::max(changed, rows);
    // What was vacuumed has been counted, but not looked at.
    Ok(Table { known: seen.saturating_sub(added), added })
}
