//! Where a devnet keeps its things, and that no other devnet keeps its own there.
//!
//! A devnet that was killed leaves anvil and Postgres for a moment: the kernel tells them to end, and they write
//! their state first. Invariant: nothing is started in a folder before the last one's processes are gone.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use eyre::{Result, WrapErr, bail};

use crate::args::DevnetArgs;

/// Longest wait for the processes of a devnet that was killed.
const PREDECESSOR_WAIT_MAX: Duration = Duration::from_secs(30);
/// How often they are looked for.
const PREDECESSOR_POLL: Duration = Duration::from_millis(20);

/// The folder of a devnet: kept, or gone with the process.
#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
    kept: bool,
    _temporary: Option<tempfile::TempDir>,
    /// Held for as long as the devnet runs.
    _lock: Option<File>,
}

impl Layout {
    /// Makes the folder if it is missing.
    pub(super) fn new(args: &DevnetArgs) -> Result<Self> {
        if args.ephemeral {
            let temporary = tempfile::Builder::new()
                .prefix("braid-devnet-")
                .tempdir()
                .wrap_err("cannot make a temporary folder")?;
            let root = temporary.path().to_owned();
            return Ok(Self { root, kept: false, _temporary: Some(temporary), _lock: None });
        }
        let failed = || format!("cannot make {}", args.datadir.display());
        fs::create_dir_all(&args.datadir).wrap_err_with(failed)?;
        let root = args.datadir.canonicalize().wrap_err_with(failed)?;
        let lock = File::create(root.join("lock")).wrap_err_with(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another devnet runs in {}: stop it, or choose another --datadir",
                    root.display()
                )
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).wrap_err("cannot lock the folder");
            }
        }
        Ok(Self { root, kept: true, _temporary: None, _lock: Some(lock) })
    }

    /// Waits until the processes of the devnet before this one are gone.
    pub(super) async fn wait_for_predecessor(&self) -> Result<()> {
        let Ok(list) = fs::read_to_string(self.processes()) else { return Ok(()) };
        let began = Instant::now();
        while let Some(running) = list.lines().find(|line| runs(line)) {
            if began.elapsed() > PREDECESSOR_WAIT_MAX {
                bail!("a process of an earlier devnet still runs: {running}");
            }
            tokio::time::sleep(PREDECESSOR_POLL).await;
        }
        Ok(())
    }

    /// Remembers which processes have to be gone before the next start.
    pub(super) fn remember(&self, processes: &[(u32, &str)]) -> Result<()> {
        let lines = processes.iter().map(|(id, name)| format!("{id} {name}\n"));
        fs::write(self.processes(), lines.collect::<String>())
            .wrap_err("cannot write the process list")
    }

    fn processes(&self) -> PathBuf {
        self.join("processes")
    }

    /// Postgres's folder; an ephemeral devnet leaves the choice to the server.
    pub(super) fn postgres(&self) -> Option<PathBuf> {
        self.kept.then(|| self.root.join("postgres"))
    }

    /// L1's state file.
    pub(super) fn l1_state(&self) -> Option<PathBuf> {
        self.kept.then(|| self.root.join("l1.json"))
    }

    /// The chain's configuration.
    pub(super) fn rollup(&self) -> PathBuf {
        self.join("rollup.json")
    }

    /// What `--json` prints, for programs that come later.
    pub(super) fn info(&self) -> PathBuf {
        self.join("devnet.json")
    }

    /// Configuration of a verifier with a process of its own.
    pub(super) fn verifier(&self) -> PathBuf {
        self.join("verifier.toml")
    }

    /// The key of somebody with a process of its own.
    pub(super) fn key(&self, whose: &str) -> PathBuf {
        self.join(format!("{whose}.key"))
    }

    fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }
}

/// Whether the process of a line `ID NAME` runs. The name guards against an id that was given to something else.
fn runs(line: &str) -> bool {
    let Some((id, name)) = line.split_once(' ') else { return false };
    let running = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    running.trim() == name
}
