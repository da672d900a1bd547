//! One Postgres database: a bounded pool, and connections of their own for those who must not wait for it.
//!
//! Invariant: nobody uses the schema before `migrate` has run, and `migrate` is safe to run from many processes at once.

use std::{str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    Connection, PgConnection, PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    Classify, Severity,
    metrics::timed,
    unwinds::{Unwinding, Unwinds},
};

/// How to use the database.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// Connections of the pool. The journal, the state reader and a scan hold one each besides.
    pub connections_max: u32,
    /// How long a caller waits for a connection of the pool.
    pub acquire_time_max: Duration,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self { connections_max: 16, acquire_time_max: Duration::from_secs(10) }
    }
}

/// A database and the way to it. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    options: Arc<PgConnectOptions>,
    unwinds: Unwinds,
}

/// What the server says about itself, for `doctor` and for the log line at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// `server_version`.
    pub version: String,
    /// Whether a commit waits for the disk: `fsync`, `synchronous_commit` and `full_page_writes` are all on.
    pub durable: bool,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL is not one.
    #[error("the database URL cannot be parsed")]
    Url(#[source] sqlx::Error),
    /// No connection could be made.
    #[error("cannot connect to Postgres")]
    Connect(#[source] sqlx::Error),
    /// A migration failed, or the schema is newer than this program.
    #[error("cannot bring the schema up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The settings could not be read.
    #[error("cannot read the server's settings")]
    Settings(#[source] sqlx::Error),
    /// Another database could not be created.
    #[error("cannot create a database")]
    Create(#[source] sqlx::Error),
    /// Not a plain name.
    #[error("{0:?} is no plain database name")]
    Name(String),
}

impl Classify for DatabaseError {
    fn severity(&self) -> Severity {
        match self {
            Self::Connect(source) | Self::Settings(source) | Self::Create(source) => {
                source.severity()
            }
            Self::Migrate(sqlx::migrate::MigrateError::Execute(source)) => source.severity(),
            Self::Migrate(_) | Self::Url(_) | Self::Name(_) => Severity::Critical,
        }
    }
}

/// The schema, embedded.
pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

impl Database {
    /// Connects, and makes sure that the server answers.
    pub async fn connect(url: &str, options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let connect = PgConnectOptions::from_str(url).map_err(DatabaseError::Url)?;
        Self::connect_with(connect, options).await
    }

    /// The same with options that are parsed already.
    pub async fn connect_with(
        connect: PgConnectOptions,
        options: &DatabaseOptions,
    ) -> Result<Self, DatabaseError> {
        // Migrations that find what they want to create are no news.
        let quiet = [("client_min_messages", "warning")];
        let connect = connect.application_name("braid").options(quiet);
        let pool = PgPoolOptions::new()
            .max_connections(options.connections_max)
            .acquire_timeout(options.acquire_time_max)
            .connect_with(connect.clone());
        let pool = timed("database_connect", pool).await.map_err(DatabaseError::Connect)?;
        Ok(Self { pool, options: Arc::new(connect), unwinds: Unwinds::default() })
    }

    /// Creates another database on the same server, if it is not there. The name has lower-case letters, digits and
    /// underscores only, because a statement cannot take it as a parameter.
    pub async fn create_missing(&self, name: &str) -> Result<(), DatabaseError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(DatabaseError::Name(name.to_owned()));
        }
        let query = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(name);
        let existing = timed("database_exists", query.fetch_optional(&self.pool));
        if existing.await.map_err(DatabaseError::Create)?.is_none() {
            let statement = sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")));
            let created = timed("database_create", statement.execute(&self.pool));
            created.await.map_err(DatabaseError::Create)?;
        }
        Ok(())
    }

    /// Creates or upgrades the schema.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        MIGRATIONS.run(&self.pool).await.map_err(DatabaseError::Migrate)
    }

    /// What the server says about itself.
    pub async fn settings(&self) -> Result<ServerSettings, DatabaseError> {
        let query = sqlx::query(
            "SELECT current_setting('server_version'),
                    current_setting('fsync') = 'on'
                    AND current_setting('synchronous_commit') <> 'off'
                    AND current_setting('full_page_writes') = 'on'",
        );
        let row = timed("database_settings", query.fetch_one(&self.pool))
            .await
            .map_err(DatabaseError::Settings)?;
        let version = row.try_get(0).map_err(DatabaseError::Settings)?;
        let durable = row.try_get(1).map_err(DatabaseError::Settings)?;
        Ok(ServerSettings { version, durable })
    }

    /// A connection outside the pool, for an owner that holds it: no ping before each query, no waiting for others.
    pub(crate) async fn connection(&self) -> Result<PgConnection, sqlx::Error> {
        timed("database_connection", PgConnection::connect_with(&self.options)).await
    }

    /// How often this process took blocks back, for whoever keeps what it reads; `None` while it does. What was read of the
    /// chain while this stayed the same number is of one chain.
    pub fn unwinds(&self) -> Option<u64> {
        self.unwinds.now()
    }

    /// To be held while blocks are taken back.
    pub(crate) fn unwinding(&self) -> Unwinding {
        self.unwinds.begin()
    }

    /// The pool, for the queries of this crate.
    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Closes the pool after the queries that are running.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
