//! The log of a process under test: kept, searched, and checked for lines that nobody expected.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::ChildStderr,
};

/// Lines of a log, shared with the task that reads them.
#[derive(Debug, Clone)]
pub struct Logs {
    name: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Logs {
    /// Reads a process's standard error until it ends. `BRAID_TEST_LOG=1` also shows it.
    #[expect(clippy::print_stderr, reason = "only where somebody asked to see it")]
    pub(crate) fn collect(name: &str, stderr: ChildStderr) -> Self {
        let logs = Self { name: name.to_owned(), lines: Arc::default() };
        let show = std::env::var_os("BRAID_TEST_LOG").is_some();
        let collected = logs.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if show {
                    eprintln!("{}: {line}", collected.name);
                }
                collected.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        logs
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same as one text.
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// Whether a line contains `words`.
    pub fn contains(&self, words: &str) -> bool {
        self.lines().iter().any(|line| line.contains(words))
    }

    /// Lines at WARN or ERROR that contain none of the expected words. A healthy run has none.
    pub fn unexpected(&self, expected: &[&str]) -> Vec<String> {
        let loud =
            |line: &String| ["WARN", "ERROR", "panicked"].iter().any(|level| line.contains(level));
        let known = |line: &String| expected.iter().any(|words| line.contains(words));
        self.lines().into_iter().filter(|line| loud(line) && !known(line)).collect()
    }
}
