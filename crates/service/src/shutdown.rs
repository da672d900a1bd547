//! One token ends the process in an orderly way: a signal sets it, and so does a critical task that ends.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal as unix_signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The shared end of a process and the tasks that must be over before it ends.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
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

    /// Asks everything to end.
    pub fn trigger(&self) {
        self.token.cancel();
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
            // The guard also fires when the task panics and is unwound.
            let _guard = shutdown.token.clone().drop_guard();
            match task.await {
                Ok(()) if shutdown.is_triggered() => tracing::debug!(name, "task ended"),
                Ok(()) => tracing::error!(name, "task ended early, stopping the process"),
                Err(error) => {
                    tracing::error!(
                        name,
                        error = chain(&error),
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

/// An error and its causes in one line, printed once, where it is handled.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}

/// Waits for SIGINT or SIGTERM and says which.
///
/// # Errors
/// When the operating system refuses the handler.
pub async fn signal() -> std::io::Result<&'static str> {
    let mut interrupt = unix_signal(SignalKind::interrupt())?;
    let mut terminate = unix_signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    })
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
        assert!(shutdown.is_triggered());
    }

    #[test]
    fn causes_are_printed_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read block 7")]
        struct Outer(#[source] Error);
        assert_eq!(chain(&Outer(Error::other("gone"))), "cannot read block 7: gone");
    }
}
