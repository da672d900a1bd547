//! A fresh, migrated database for a test, on a real server, in a fraction of a second.
//!
//! Tests of one process share a server that goes away with the last of them. Its data directory is a copy of one
//! that was made and migrated once per machine and schema; each test gets a copy of the migrated database in it.
//! Nothing in here survives a crash on purpose: a test of durability starts a [`Cluster`] of its own.

use std::{
    env, fs,
    hash::{Hash as _, Hasher},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    Database, DatabaseOptions,
    cluster::{Cluster, ClusterError, ClusterOptions, Durability},
    database::MIGRATIONS,
};

/// New databases are copies of this one, so the schema goes into it.
const TEMPLATE: &str = "template1";

/// Counts changes of this file that make older templates unfit.
const TEMPLATE_VERSION: u32 = 2;

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
static CREATED: AtomicU64 = AtomicU64::new(0);

/// An empty database with the newest schema. The server lives as long as any of these.
#[derive(Debug)]
pub struct TestDatabase {
    /// The database.
    pub database: Database,
    /// Its URL, for a process under test.
    pub url: String,
    // Declared last: the pool goes before the server.
    cluster: Arc<Cluster>,
}

impl TestDatabase {
    /// Creates one.
    ///
    /// # Panics
    /// When no Postgres can be started: a test that needs one fails, it does not pass silently.
    pub async fn create() -> Self {
        let cluster = tokio::task::spawn_blocking(shared_cluster)
            .await
            .expect("starting the test server does not panic")
            .expect("the test server starts");
        let name = format!("test_{}", CREATED.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect_with(&cluster.connect_options("postgres"))
            .await
            .expect("the test server accepts connections");
        let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(sql).execute(&mut admin).await.expect("the template can be copied");
        let database = connect(&cluster, &name).await;
        Self { database, url: cluster.url(&name), cluster }
    }

    /// The server that this database shares with others.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

async fn connect(cluster: &Cluster, name: &str) -> Database {
    Database::connect_with(cluster.connect_options(name), &DatabaseOptions::default())
        .await
        .expect("the new database accepts connections")
}

fn shared_cluster() -> Result<Arc<Cluster>, ClusterError> {
    // A test that failed while it held the lock left nothing half done: the lock only guards a pointer.
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = shared.upgrade() {
        return Ok(cluster);
    }
    let template = template_directory()?;
    let copy_template = |_: &_, data: &Path| copy(&template, data);
    let cluster = Arc::new(Cluster::start_prepared(&options(None), copy_template)?);
    *shared = Arc::downgrade(&cluster);
    Ok(cluster)
}

fn options(directory: Option<PathBuf>) -> ClusterOptions {
    ClusterOptions {
        directory,
        durability: Durability::Fast,
        shared_buffers_mib: 64,
        connections_max: 200,
        tcp_port: None,
    }
}

/// The data directory to copy. Whoever needs it first makes it; the rename lets exactly one of several win.
fn template_directory() -> Result<PathBuf, ClusterError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source: io::Error| ClusterError::Directory { path, source }
    };
    let home = env::temp_dir();
    let user = fs::metadata("/proc/self").map(|process| process.uid()).unwrap_or_default();
    let finished = home.join(format!("braid-postgres-template-{user}-{:016x}", template_key()?));
    if finished.exists() {
        return Ok(finished.join("data"));
    }
    let making = tempfile::Builder::new()
        .prefix("braid-pg-template-")
        .tempdir_in(&home)
        .map_err(failed(&home))?;
    let cluster = Cluster::start(&options(Some(making.path().to_path_buf())))?;
    migrate_template(&cluster)?;
    cluster.stop()?;
    match fs::rename(making.path(), &finished) {
        // Another process was faster; ours goes away with its guard.
        Err(_) if finished.exists() => {}
        renamed => renamed.map_err(failed(&finished))?,
    }
    Ok(finished.join("data"))
}

/// Changes with the server's version and with every migration.
fn template_key() -> Result<u64, ClusterError> {
    let mut hasher = std::hash::DefaultHasher::new();
    TEMPLATE_VERSION.hash(&mut hasher);
    crate::cluster::installed_at()?.hash(&mut hasher);
    for migration in MIGRATIONS.iter() {
        migration.checksum.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn migrate_template(cluster: &Cluster) -> Result<(), ClusterError> {
    let migrate = async {
        let mut template = PgConnection::connect_with(&cluster.connect_options(TEMPLATE)).await?;
        MIGRATIONS.run(&mut template).await?;
        Ok::<_, sqlx::migrate::MigrateError>(())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| ClusterError::Run { program: "tokio", source })?;
    runtime.block_on(migrate).map_err(|error| ClusterError::Failed {
        program: "the migration of the template",
        message: error.to_string(),
    })
}

fn copy(from: &Path, to: &Path) -> Result<(), ClusterError> {
    crate::cluster::run("cp", Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to))
}

/// A server that a test stops and starts again on the same data.
#[cfg(test)]
pub(crate) struct OwnServer(tempfile::TempDir);

#[cfg(test)]
impl OwnServer {
    pub(crate) fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        // The server may run as somebody else.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    pub(crate) async fn start(&self) -> Cluster {
        let options = ClusterOptions {
            directory: Some(self.0.path().join("cluster")),
            durability: Durability::Fast,
            ..ClusterOptions::default()
        };
        tokio::task::spawn_blocking(move || Cluster::start(&options)).await.unwrap().unwrap()
    }
}
