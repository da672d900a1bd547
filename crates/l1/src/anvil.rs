//! A private L1: starts anvil for devnets and tests, and sees to it that it ends.
//!
//! Invariant: no anvil outlives its owner. [`Anvil::stop`] ends it with SIGINT, so that it writes its state; dropping
//! it kills it; and if this process dies first, the kernel sends SIGINT (`setpriv --pdeathsig`).

mod process;

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use self::process::Process;

/// How long anvil may take until it listens. Loading a large state takes seconds.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long anvil may take to write its state and end.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// Environment variable that names the binary.
const BINARY_VARIABLE: &str = "BRAID_ANVIL";
/// The mnemonic of anvil's funded accounts, publicly known.
pub const MNEMONIC: &str = "test test test test test test test test test test test junk";

/// Why there is no anvil.
#[derive(Debug, thiserror::Error)]
pub enum AnvilError {
    /// No binary was found.
    #[error(
        "no anvil binary: set {BINARY_VARIABLE}, or run `npm ci --ignore-scripts` in contracts/"
    )]
    NoBinary,
    /// The process could not be started.
    #[error("could not start {path}")]
    Spawn {
        /// Binary.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It ended before it listened.
    #[error("anvil ended before it listened: {words}")]
    EndedEarly {
        /// The end of what it wrote.
        words: String,
    },
    /// It did not listen in time.
    #[error("anvil did not listen within {} seconds", START_TIMEOUT.as_secs())]
    StartTimeout,
    /// It did not end in time and was killed; its state may not be written.
    #[error("anvil did not end within {} seconds and was killed", STOP_TIMEOUT.as_secs())]
    StopTimeout,
    /// It could not be told to end.
    #[error("could not signal anvil")]
    Signal(#[source] std::io::Error),
}

/// When anvil makes blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mining {
    /// One per transaction.
    Automine,
    /// Only on request.
    Manual,
    /// One every so many seconds, and none in between.
    Interval {
        /// Seconds between blocks.
        seconds: u64,
    },
    /// One every so many seconds, and one more per transaction.
    Mixed {
        /// Seconds between blocks.
        seconds: u64,
    },
}

/// Rules that anvil follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hardfork {
    /// Blob proofs per blob.
    Prague,
    /// Cell proofs, and a gas limit per transaction.
    Osaka,
}

/// How anvil is started.
#[derive(Clone, Debug)]
pub struct AnvilOptions {
    /// Chain id.
    pub chain_id: u64,
    /// Port on 127.0.0.1; 0 picks a free one.
    pub port: u16,
    /// When blocks are made.
    pub mining: Mining,
    /// Rules.
    pub hardfork: Hardfork,
    /// Blocks of an epoch: `safe` is one epoch behind the head, `finalized` two.
    pub epoch_slots: u64,
    /// File to load the chain from, if it exists, and to write it to at the end.
    pub state: Option<PathBuf>,
    /// Binary. None: `BRAID_ANVIL`, else the npm package found upward from the working directory or this program.
    pub binary: Option<PathBuf>,
}

impl Default for AnvilOptions {
    fn default() -> Self {
        Self {
            chain_id: 900,
            port: 0,
            mining: Mining::Automine,
            hardfork: Hardfork::Osaka,
            epoch_slots: 4,
            state: None,
            binary: None,
        }
    }
}

/// A running anvil.
#[derive(Debug)]
pub struct Anvil {
    process: Process,
    port: u16,
    chain_id: u64,
}

impl Anvil {
    /// Starts anvil and waits until it listens.
    pub async fn spawn(options: AnvilOptions) -> Result<Self, AnvilError> {
        let binary = match &options.binary {
            Some(binary) => binary.clone(),
            None => find_binary().ok_or(AnvilError::NoBinary)?,
        };
        let (process, listening) = Process::start(&binary, &arguments(&options))?;
        let port = match tokio::time::timeout(START_TIMEOUT, listening).await {
            Ok(Ok(port)) => port,
            Ok(Err(_)) => return Err(AnvilError::EndedEarly { words: process.last_words() }),
            Err(_) => return Err(AnvilError::StartTimeout),
        };
        Ok(Self { process, port, chain_id: options.chain_id })
    }

    /// Where it listens, for JSON-RPC and for blobs.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its chain id.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Number of its process.
    #[must_use]
    pub const fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it with SIGINT and waits until it has written its state.
    pub async fn stop(self) -> Result<(), AnvilError> {
        self.process.interrupt().map_err(AnvilError::Signal)?;
        match tokio::time::timeout(STOP_TIMEOUT, self.process.ended()).await {
            Ok(()) => Ok(()),
            // Dropping it kills it.
            Err(_) => Err(AnvilError::StopTimeout),
        }
    }
}

fn arguments(options: &AnvilOptions) -> Vec<String> {
    let mut arguments = vec![
        "--host".to_owned(),
        "127.0.0.1".to_owned(),
        "--port".to_owned(),
        options.port.to_string(),
        "--chain-id".to_owned(),
        options.chain_id.to_string(),
        "--slots-in-an-epoch".to_owned(),
        options.epoch_slots.to_string(),
        "--hardfork".to_owned(),
        match options.hardfork {
            Hardfork::Prague => "prague".to_owned(),
            Hardfork::Osaka => "osaka".to_owned(),
        },
        // Six blobs with cell proofs come close to the default limit of 2 MB.
        "--no-request-size-limit".to_owned(),
    ];
    match options.mining {
        Mining::Automine => {}
        Mining::Manual => arguments.push("--no-mining".to_owned()),
        Mining::Interval { seconds } => {
            arguments.extend(["--block-time".to_owned(), seconds.to_string()]);
        }
        Mining::Mixed { seconds } => {
            let flags = ["--block-time".to_owned(), seconds.to_string()];
            arguments.extend(flags);
            arguments.push("--mixed-mining".to_owned());
        }
    }
    if let Some(state) = &options.state {
        // Without the history, calls at blocks before the restart would fail.
        arguments.push("--preserve-historical-states".to_owned());
        arguments.extend(["--state".to_owned(), state.display().to_string()]);
    }
    arguments
}

/// `BRAID_ANVIL`, else the npm package upward from the working directory, else upward from this program.
fn find_binary() -> Option<PathBuf> {
    if let Some(path) = env::var_os(BINARY_VARIABLE) {
        return Some(PathBuf::from(path));
    }
    let starts = [env::current_dir().ok(), env::current_exe().ok()];
    starts.into_iter().flatten().find_map(|start| find_upward(&start))
}

fn find_upward(start: &Path) -> Option<PathBuf> {
    let arch = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let os = if env::consts::OS == "macos" { "darwin" } else { env::consts::OS };
    let package = format!("contracts/node_modules/@foundry-rs/anvil-{os}-{arch}/bin/anvil");
    start.ancestors().map(|folder| folder.join(&package)).find(|path| path.is_file())
}
