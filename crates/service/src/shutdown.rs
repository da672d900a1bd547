//! One token ends the process in an orderly way: a signal sets it, and so does a critical task that ends.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::error_chain;

/// The shared end of a process and the tasks that must be over before it ends.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Shutdown {
    /// A process that runs.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that tasks watch.
    pub const fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Whether a critical task ended by itself.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// Asks everything to end.
    pub fn trigger(&self) {
        self.token.cancel();
    }

    /// Sets the token at SIGINT or SIGTERM, from now on: one that comes before anybody waits for the token counts too.
    /// `told` runs first, with the signal's name.
    ///
    /// # Errors
    /// When the operating system refuses the handlers.
    pub fn trigger_on_signal(
        &self,
        told: impl FnOnce(&'static str) + Send + 'static,
    ) -> std::io::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let token = self.token.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
            };
            told(name);
            token.cancel();
        });
        Ok(())
    }

    /// Whether the end was asked for.
    pub fn is_triggered(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Runs a task without which the process is useless: when it ends, for whatever reason, the process ends.
    pub fn spawn_critical<F, E>(&self, name: &'static str, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::error::Error + Send + 'static,
    {
        let shutdown = self.clone();
        self.tasks.spawn(async move {
            let mut end = CriticalEnd { shutdown, well: false };
            match task.await {
                Ok(()) if end.shutdown.is_triggered() => {
                    end.well = true;
                    tracing::debug!(name, "task ended");
                }
                Ok(()) => tracing::error!(name, "task ended early, stopping the process"),
                Err(error) => {
                    tracing::error!(
                        name,
                        error = error_chain(&error),
                        "task failed, stopping the process"
                    );
                }
            }
        });
    }

    /// Waits until every spawned task is over.
    pub async fn wait(&self) {
        self.token.cancelled().await;
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Stops the process when a critical task is over, also when it panics and is unwound.
struct CriticalEnd {
    shutdown: Shutdown,
    well: bool,
}

impl Drop for CriticalEnd {
    fn drop(&mut self) {
        if !self.well {
            self.shutdown.failed.store(true, Relaxed);
        }
        self.shutdown.trigger();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Error;

    use super::*;

    #[tokio::test]
    async fn a_critical_task_that_fails_ends_the_process() {
        let shutdown = Shutdown::new();
        let waits = shutdown.clone();
        shutdown.spawn_critical("waits", async move {
            waits.token().cancelled().await;
            Ok::<_, Error>(())
        });
        shutdown.spawn_critical("fails", async { Err(Error::other("boom")) });
        shutdown.wait().await;
        assert!(shutdown.is_triggered() && shutdown.has_failed());
    }

    #[tokio::test]
    async fn a_critical_task_that_panics_ends_the_process() {
        let shutdown = Shutdown::new();
        let panics = async {
            tokio::task::yield_now().await;
            panic!("boom")
        };
        shutdown.spawn_critical("panics", async { panics.await as Result<(), Error> });
        shutdown.wait().await;
        assert!(shutdown.has_failed());
    }

    #[tokio::test]
    async fn an_asked_end_is_no_failure() {
        let shutdown = Shutdown::new();
        let waits = shutdown.clone();
        shutdown.spawn_critical("waits", async move {
            waits.token().cancelled().await;
            Ok::<_, Error>(())
        });
        shutdown.trigger();
        shutdown.wait().await;
        assert!(!shutdown.has_failed());
    }

    #[tokio::test]
    async fn a_signal_counts_before_anybody_waits_for_it() {
        let shutdown = Shutdown::new();
        let (told, name) = tokio::sync::oneshot::channel();
        shutdown.trigger_on_signal(move |name| told.send(name).unwrap()).unwrap();
        let this = std::process::id().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &this]).status().unwrap();
        assert!(sent.success());
        assert_eq!(name.await, Ok("SIGTERM"));
        shutdown.wait().await;
        assert!(!shutdown.has_failed());
    }
}
