//! Where a devnet keeps its things.

use std::{
    fs,
    path::{Path, PathBuf},
};

use eyre::{Result, WrapErr};

use crate::args::DevnetArgs;

/// The folder of a devnet: kept, or gone with the process.
#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
    kept: bool,
    _temporary: Option<tempfile::TempDir>,
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
            return Ok(Self { root, kept: false, _temporary: Some(temporary) });
        }
        let failed = || format!("cannot make {}", args.datadir.display());
        fs::create_dir_all(&args.datadir).wrap_err_with(failed)?;
        let root = args.datadir.canonicalize().wrap_err_with(failed)?;
        Ok(Self { root, kept: true, _temporary: None })
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

    fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }
}
