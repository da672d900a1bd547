//! The server process: start, wait until it is ready, stop.
//!
//! The kernel's parent-death signal follows the *thread* that spawned the child, not the process. A pool thread that
//! ends when idle would take the server with it, so a keeper thread spawns the server and waits for it.

use std::{
    fs::{self, File},
    io,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{ClusterError, START_TIME_MAX, STOP_TIME_MAX, binaries::Installation, run};

const READY_POLL_INTERVAL: Duration = Duration::from_millis(5);
/// The end of the server's log that an error shows.
const LOG_TAIL_BYTES_MAX: usize = 2_000;

#[derive(Debug)]
pub(crate) struct Server {
    installation: Installation,
    process_id: u32,
    log: PathBuf,
    /// Nothing is ever sent: the keeper drops its end once the server has ended.
    running: Mutex<Receiver<()>>,
    /// The data is thrown away: nobody needs a shutdown checkpoint.
    temporary: bool,
}

impl Server {
    pub(crate) fn start(
        installation: &Installation,
        directory: &Path,
        data: &Path,
        arguments: &[String],
        temporary: bool,
    ) -> Result<Self, ClusterError> {
        let log = directory.join("server.log");
        let failed = |source| ClusterError::Run { program: "postgres", source };
        let output = log_file(installation, &log).map_err(failed)?;
        let mut command = installation.command_that_dies_with_us("postgres");
        command.arg("-D").arg(data).args(arguments).current_dir("/");
        command.stdin(Stdio::null()).stdout(output.try_clone().map_err(failed)?).stderr(output);

        // An interrupt from the terminal is for us. The server is needed until everything is written.
        command.process_group(0);

        let (spawned, spawn) = sync_channel::<io::Result<u32>>(1);
        let (until_end, running) = sync_channel(1);
        let keeper = move || match command.spawn() {
            Ok(child) => {
                // Nobody listening means that the start was given up; the server is then stopped by our end.
                let _ = spawned.send(Ok(child.id()));
                keep(child);
                drop(until_end);
            }
            Err(error) => {
                let _ = spawned.send(Err(error));
            }
        };
        thread::Builder::new().name("postgres".to_owned()).spawn(keeper).map_err(failed)?;
        let process_id = spawn
            .recv()
            .unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))
            .map_err(failed)?;
        let installation = installation.clone();
        let running = Mutex::new(running);
        let server = Self { installation, process_id, log, running, temporary };
        server.wait_until_ready(data)?;
        Ok(server)
    }

    pub(crate) const fn process_id(&self) -> u32 {
        self.process_id
    }

    fn wait_until_ready(&self, data: &Path) -> Result<(), ClusterError> {
        let start = Instant::now();
        let lock_file = data.join("postmaster.pid");
        while start.elapsed() < START_TIME_MAX {
            if is_ready(&lock_file, self.process_id) {
                return Ok(());
            }
            if self.has_ended_within(READY_POLL_INTERVAL) {
                return Err(ClusterError::Exited { log: tail(&self.log) });
            }
        }
        Err(ClusterError::Late { what: "become ready", limit: START_TIME_MAX })
    }

    /// Fast shutdown: cancels statements, writes a checkpoint, keeps what was committed.
    pub(crate) fn stop(&self) -> Result<(), ClusterError> {
        self.signal_and_wait("INT")
    }

    #[cfg(test)]
    pub(crate) fn crash(&self) -> Result<(), ClusterError> {
        self.signal_and_wait("QUIT")
    }

    fn signal_and_wait(&self, signal: &str) -> Result<(), ClusterError> {
        if self.has_ended_within(Duration::ZERO) {
            return Ok(());
        }
        let process_id = self.process_id.to_string();
        let mut command = self.installation.command("pg_ctl");
        run("pg_ctl", command.args(["kill", signal, &process_id]).current_dir("/"))?;
        if self.has_ended_within(STOP_TIME_MAX) {
            return Ok(());
        }
        Err(ClusterError::Late { what: "stop", limit: STOP_TIME_MAX })
    }

    fn has_ended_within(&self, wait: Duration) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let signal = if self.temporary { "QUIT" } else { "INT" };
        if let Err(error) = self.signal_and_wait(signal) {
            tracing::warn!(%error, process_id = self.process_id, "private Postgres did not stop");
        }
    }
}

fn keep(mut child: Child) {
    // The only failure is that somebody else has waited for the child already: it has ended either way.
    let _ = child.wait();
}

fn log_file(installation: &Installation, path: &Path) -> io::Result<File> {
    let file = File::options().create(true).append(true).open(path)?;
    if let Some(owner) = installation.owner() {
        chown(path, Some(owner.user), Some(owner.group))?;
    }
    Ok(file)
}

/// The server writes its process id in the first line of this file and its state in the eighth.
pub(super) fn is_ready(lock_file: &Path, process_id: u32) -> bool {
    let Ok(text) = fs::read_to_string(lock_file) else { return false };
    let mut lines = text.lines();
    lines.next() == Some(process_id.to_string().as_str())
        && lines.nth(6).is_some_and(|state| state.trim() == "ready")
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let start = text.len().saturating_sub(LOG_TAIL_BYTES_MAX);
    String::from_utf8_lossy(&text[start..]).trim().to_owned()
}
