//! Leadership with a fencing epoch: one row per role, kept in the same database as what the leader writes.
//!
//! Holding a lease means nothing by itself, because a holder can be paused at any instruction. What counts is the
//! epoch: every write of a leader checks it in the statement or transaction that writes, under a row lock that
//! taking over must wait for. Invariant: once `acquire` has returned a new epoch, nothing is ever written under an
//! older one. The clock is Postgres's, so the hosts' clocks do not matter.

use std::time::Duration;

use sqlx::{PgConnection, Row};

use crate::{Classify, Database, Severity, convert::Big, metrics::timed};

/// What a lease is for. Each role has one leader per database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Appends to the journal and writes the index.
    Sequencer,
    /// Posts batches.
    Batcher,
    /// Writes a verifier's database, and proposes by it.
    Verifier,
}

impl Role {
    /// The name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequencer => "sequencer",
            Self::Batcher => "batcher",
            Self::Verifier => "verifier",
        }
    }
}

/// The right to write: a role and the epoch in which it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence {
    /// The role.
    pub role: Role,
    /// The epoch; later leaders have higher ones.
    pub epoch: u64,
}

/// What came of trying to become the leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acquisition {
    /// We lead, until the lease expires or is taken.
    Acquired(Fence),
    /// Somebody else does.
    Held(Holder),
}

/// Who leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its name; `None` when the lease was released.
    pub name: Option<String>,
    /// Its epoch.
    pub epoch: u64,
    /// How long the lease still runs; zero once it has expired.
    pub remaining: Duration,
}

/// Why a lease could not be acquired, renewed, released or checked.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Acquiring failed.
    #[error("cannot acquire the lease of the {role}", role = .role.name())]
    Acquire {
        /// For what.
        role: Role,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Renewing failed.
    #[error("cannot renew epoch {} of the {}", .fence.epoch, .fence.role.name())]
    Renew {
        /// What was to be renewed.
        fence: Fence,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Releasing failed.
    #[error("cannot release epoch {} of the {}", .fence.epoch, .fence.role.name())]
    Release {
        /// What was to be released.
        fence: Fence,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Reading the holder failed.
    #[error("cannot read who is the {role}", role = .role.name())]
    Read {
        /// Of which role.
        role: Role,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Somebody else leads, or we gave it up.
    #[error("epoch {} of the {} is over", .0.epoch, .0.role.name())]
    Deposed(Fence),
}

impl Classify for LeaseError {
    fn severity(&self) -> Severity {
        match self {
            Self::Acquire { source, .. }
            | Self::Renew { source, .. }
            | Self::Release { source, .. }
            | Self::Read { source, .. } => source.severity(),
            Self::Deposed(_) => Severity::Critical,
        }
    }
}

/// The leases of one database.
#[derive(Debug, Clone)]
pub struct Leases {
    database: Database,
}

impl Leases {
    /// The leases of `database`.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Takes the lease when it is free, expired, or ours from before a restart; the epoch rises each time.
    ///
    /// `holder` names this process's place (a host, a unit), so that a restarted process need not wait for its
    /// own old lease. Two processes of one name depose each other, which the fence makes harmless.
    pub async fn acquire(
        &self,
        role: Role,
        holder: &str,
        duration: Duration,
    ) -> Result<Acquisition, LeaseError> {
        let failed = |source| LeaseError::Acquire { role, source };
        let take = |statement| async move {
            let query = sqlx::query(statement);
            let query = query.bind(role.name()).bind(holder).bind(milliseconds(duration));
            let row = timed("lease_acquire", query.fetch_optional(self.database.pool())).await?;
            row.map(|row| Ok(Fence { role, epoch: row.try_get::<Big, _>(0)?.0 })).transpose()
        };
        let taken = take(
            "UPDATE leases
             SET epoch = epoch + 1, holder = $2,
                 acquired_at = now(), expires_at = now() + $3 * interval '1 millisecond'
             WHERE role = $1 AND (holder IS NULL OR holder = $2 OR expires_at <= now())
             RETURNING epoch",
        );
        if let Some(fence) = taken.await.map_err(failed)? {
            return Ok(Acquisition::Acquired(fence));
        }
        if let Some(holder) = self.holder(role).await? {
            return Ok(Acquisition::Held(holder));
        }
        // The first ever. No conflict is named, because the row of a rival can be met in either of the table's two keys.
        let taken = take(
            "INSERT INTO leases (role, epoch, holder, expires_at)
             VALUES ($1, 1, $2, now() + $3 * interval '1 millisecond')
             ON CONFLICT DO NOTHING
             RETURNING epoch",
        );
        if let Some(fence) = taken.await.map_err(failed)? {
            return Ok(Acquisition::Acquired(fence));
        }
        // Rows are never deleted, and the conflict has shown that there is one.
        let holder = self.holder(role).await?.ok_or_else(|| failed(sqlx::Error::RowNotFound))?;
        Ok(Acquisition::Held(holder))
    }

    /// Prolongs a lease, also one that has expired without anybody taking it.
    pub async fn renew(&self, fence: Fence, duration: Duration) -> Result<(), LeaseError> {
        let query = sqlx::query(
            "UPDATE leases SET expires_at = now() + $3 * interval '1 millisecond'
             WHERE role = $1 AND epoch = $2 AND holder IS NOT NULL",
        )
        .bind(fence.role.name())
        .bind(Big(fence.epoch))
        .bind(milliseconds(duration));
        let done = timed("lease_renew", query.execute(self.database.pool()))
            .await
            .map_err(|source| LeaseError::Renew { fence, source })?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(LeaseError::Deposed(fence)) }
    }

    /// Gives the lease up, so that the next leader need not wait. Releasing twice, or after being deposed, is fine.
    pub async fn release(&self, fence: Fence) -> Result<(), LeaseError> {
        let query = sqlx::query(
            "UPDATE leases SET epoch = epoch + 1, holder = NULL, expires_at = now()
             WHERE role = $1 AND epoch = $2 AND holder IS NOT NULL",
        )
        .bind(fence.role.name())
        .bind(Big(fence.epoch));
        timed("lease_release", query.execute(self.database.pool()))
            .await
            .map_err(|source| LeaseError::Release { fence, source })?;
        Ok(())
    }

    /// Who leads; `None` when nobody ever has.
    pub async fn holder(&self, role: Role) -> Result<Option<Holder>, LeaseError> {
        let failed = |source| LeaseError::Read { role, source };
        let query = sqlx::query(
            "SELECT holder, epoch,
                    GREATEST(0, EXTRACT(EPOCH FROM expires_at - now()) * 1000)::bigint
             FROM leases WHERE role = $1",
        )
        .bind(role.name());
        let row = timed("lease_holder", query.fetch_optional(self.database.pool()))
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Holder {
            name: row.try_get(0).map_err(failed)?,
            epoch: row.try_get::<Big, _>(1).map_err(failed)?.0,
            remaining: Duration::from_millis(row.try_get::<Big, _>(2).map_err(failed)?.0),
        }))
    }
}

/// Checks the epoch at the end of a transaction and keeps anybody from taking over until it commits. A key-share
/// lock: it does not stand in the way of the journal's append or of a renewal.
pub(crate) async fn hold_fence(
    connection: &mut PgConnection,
    fence: Fence,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(
        "SELECT 1 FROM leases WHERE role = $1 AND epoch = $2 AND holder IS NOT NULL FOR KEY SHARE",
    )
    .bind(fence.role.name())
    .bind(Big(fence.epoch));
    Ok(timed("lease_hold_fence", query.fetch_optional(connection)).await?.is_some())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

mod leading;
#[cfg(test)]
mod tests;
