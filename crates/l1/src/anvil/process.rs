//! A child process with its own keeper thread.
//!
//! The kernel ties the parent-death signal to the *thread* that started the child, so that thread must live as long
//! as the child does. It starts the child, reads what it writes, and reaps it.

use std::{
    collections::VecDeque,
    env,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::{oneshot, watch};

use super::AnvilError;

/// What anvil writes when it is ready.
const LISTENING: &str = "Listening on ";
/// Lines kept of what the child wrote, for the error message.
const LAST_LINES_MAX: usize = 20;

type Lines = Arc<Mutex<VecDeque<String>>>;

#[derive(Debug)]
pub(super) struct Process {
    child: Arc<Mutex<Child>>,
    id: u32,
    ended: watch::Receiver<bool>,
    lines: Lines,
}

impl Process {
    /// Starts the child; the receiver gets the port once it listens, or an error when it ends before.
    pub(super) fn start(
        binary: &Path,
        arguments: &[String],
    ) -> Result<(Self, oneshot::Receiver<u16>), AnvilError> {
        let mut command = command(binary);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (listening, port) = oneshot::channel();
        let (ended_sender, ended) = watch::channel(false);
        let (started, starting) = std::sync::mpsc::sync_channel(1);
        let lines = Lines::default();
        let keeper = Keeper { listening, ended: ended_sender, lines: lines.clone() };
        let spawn_error = |source| AnvilError::Spawn { path: binary.to_owned(), source };
        thread::Builder::new()
            .name("anvil".to_owned())
            .spawn(move || keeper.run(&mut command, &started))
            .map_err(spawn_error)?;
        let child = starting
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the keeper thread ended")))
            .map_err(spawn_error)?;
        let id = lock(&child).id();
        Ok((Self { child, id, ended, lines }, port))
    }

    pub(super) const fn id(&self) -> u32 {
        self.id
    }

    /// The end of what the child wrote.
    pub(super) fn last_words(&self) -> String {
        lock(&self.lines).iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Sends SIGINT, unless the child has ended.
    pub(super) fn interrupt(&self) -> io::Result<()> {
        let mut child = lock(&self.child);
        // Nobody else reaps while this lock is held, so the number still means this child.
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        let sent = Command::new("sh")
            .args(["-c", "kill -INT \"$0\"", &child.id().to_string()])
            .stderr(Stdio::null())
            .status()?;
        if sent.success() { Ok(()) } else { Err(io::Error::other("kill failed")) }
    }

    /// Waits until the child has ended.
    pub(super) async fn ended(&self) {
        // An error means that the keeper is gone, and the child with it.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if it has ended already. The keeper reaps it.
        let _ = lock(&self.child).kill();
    }
}

struct Keeper {
    listening: oneshot::Sender<u16>,
    ended: watch::Sender<bool>,
    lines: Lines,
}

impl Keeper {
    fn run(
        self,
        command: &mut Command,
        started: &std::sync::mpsc::SyncSender<io::Result<Arc<Mutex<Child>>>>,
    ) {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let _ = started.send(Err(error));
                return;
            }
        };
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(child));
        let _ = started.send(Ok(child.clone()));
        let lines = self.lines.clone();
        let errors = thread::Builder::new()
            .name("anvil-stderr".to_owned())
            .spawn(move || read_lines(stderr, |line| keep(&lines, line)));
        let mut listening = Some(self.listening);
        read_lines(stdout, |line| {
            if let Some(port) = port_of(&line)
                && let Some(listening) = listening.take()
            {
                let _ = listening.send(port);
            }
            if listening.is_some() {
                keep(&self.lines, line);
            }
        });
        if let Ok(errors) = errors {
            let _ = errors.join();
        }
        // Both pipes are closed, so the child has ended or is about to.
        let _ = lock(&child).wait();
        self.ended.send_replace(true);
    }
}

/// The child dies with the thread that starts it where the system can do that.
fn command(binary: &Path) -> Command {
    let folders = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&folders).any(|folder| folder.join("setpriv").is_file()) {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "SIGINT", "--"]).arg(binary);
        command
    } else {
        Command::new(binary)
    }
}

fn read_lines(pipe: Option<impl Read>, mut take: impl FnMut(String)) {
    let Some(pipe) = pipe else { return };
    // Reading goes on to the end: a full pipe would stop the child.
    for line in BufReader::new(pipe).split(b'\n') {
        let Ok(line) = line else { return };
        take(String::from_utf8_lossy(&line).into_owned());
    }
}

fn keep(lines: &Lines, line: String) {
    let mut lines = lock(lines);
    if lines.len() == LAST_LINES_MAX {
        lines.pop_front();
    }
    lines.push_back(line);
}

fn port_of(line: &str) -> Option<u16> {
    line.strip_prefix(LISTENING)?.rsplit(':').next()?.trim().parse().ok()
}

/// A panic while the lock was held leaves nothing half-done in what it guards.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
