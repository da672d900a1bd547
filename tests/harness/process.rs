//! A child process that cannot outlive its test.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use eyre::{Result, WrapErr, ensure, eyre};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::Logs;

/// What every test process needs once: the TLS provider that L1 clients ask for, even for plain http.
pub fn init() {
    // A second call finds it installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The binary under test, built beside the tests.
///
/// # Errors
/// When it is not there: it is built by `dev/test.sh`, or by `cargo build --workspace --bin braid`.
pub fn braid_binary() -> Result<PathBuf> {
    let test = std::env::current_exe().wrap_err("cannot tell where this test is")?;
    let profile = test.parent().and_then(Path::parent);
    let profile = profile.ok_or_else(|| eyre!("tests run from a target folder"))?;
    // A test lies in `deps`, a program beside the binary.
    let beside = test.with_file_name("braid");
    let binary = if beside.exists() { beside } else { profile.join("braid") };
    ensure!(
        binary.exists(),
        "{} is not built: cargo build --workspace --bin braid",
        binary.display()
    );
    Ok(binary)
}

/// A running program with its standard output and its log.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
    logs: Logs,
    name: String,
}

impl Process {
    /// Starts `binary` with `arguments`. The kernel ends it when this process dies, however that happens.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, binary: &Path, arguments: &[String]) -> Result<Self> {
        Self::start_in(Path::new("."), name, binary, arguments)
    }

    /// The same in another working directory.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_in(
        folder: &Path,
        name: &str,
        binary: &Path,
        arguments: &[String],
    ) -> Result<Self> {
        let mut child = Command::new("setpriv")
            .arg("--pdeathsig=KILL")
            .arg(binary)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .wrap_err_with(|| format!("cannot start {name}"))?;
        let stdout = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        let stderr = child.stderr.take().ok_or_else(|| eyre!("standard error is piped"))?;
        let logs = Logs::collect(name, stderr);
        Ok(Self { child, stdout, logs, name: name.to_owned() })
    }

    /// The next line on standard output; `None` when the program closed it.
    ///
    /// # Errors
    /// When it cannot be read or does not come in time.
    pub async fn line(&mut self, patience: Duration) -> Result<Option<String>> {
        let lines = self.stdout.as_mut().ok_or_else(|| eyre!("standard output was taken"))?;
        tokio::time::timeout(patience, lines.next_line())
            .await
            .map_err(|_| {
                eyre!(
                    "{} printed nothing in {patience:?}; its log:\n{}",
                    self.name,
                    self.logs.text()
                )
            })?
            .wrap_err("cannot read standard output")
    }

    /// Its log so far.
    pub const fn logs(&self) -> &Logs {
        &self.logs
    }

    /// CPU seconds that it has used so far, its ended children included.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu_seconds(&self) -> Result<f64> {
        /// The kernel counts in these; user space has seen no other value on Linux for decades.
        const TICKS_PER_SECOND: f64 = 100.0;
        let id = self.id().ok_or_else(|| eyre!("{} has ended", self.name))?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name in parentheses may hold spaces; what follows it does not. utime and stime are fields 14 and 15.
        let (_, fields) =
            stat.rsplit_once(')').ok_or_else(|| eyre!("unreadable /proc/{id}/stat"))?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok());
        let (user, system) = (ticks(11).unwrap_or_default(), ticks(12).unwrap_or_default());
        Ok((user + system) / TICKS_PER_SECOND)
    }

    /// Process id; `None` once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn terminate(&mut self, patience: Duration) -> Result<ExitStatus> {
        self.signal("TERM").await?;
        self.wait(patience).await
    }

    /// Sends a signal by its name, without `SIG`.
    ///
    /// # Errors
    /// When the process has ended already.
    pub async fn signal(&self, name: &str) -> Result<()> {
        let id = self.id().ok_or_else(|| eyre!("{} has ended already", self.name))?;
        let status =
            Command::new("kill").arg(format!("-{name}")).arg(id.to_string()).status().await?;
        ensure!(status.success(), "kill -{name} {id} failed");
        Ok(())
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.wrap_err("cannot kill the process")
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        tokio::time::timeout(patience, self.child.wait())
            .await
            .map_err(|_| {
                eyre!("{} did not end in {patience:?}; its log:\n{}", self.name, self.logs.text())
            })?
            .wrap_err("cannot wait for the process")
    }
}
