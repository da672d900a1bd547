//! The follower's way to the builder, whichever driver thread runs at the moment.
//!
//! Invariant: when [`BuilderControl::reset`] returns, the blocks are gone and a new driver runs.

use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError};
use protocol::{BlockInputs, L2BlockRef};
use tokio::sync::{oneshot, watch};

use crate::{SequencerError, builder::Command};

const FULL_PAUSE: Duration = Duration::from_millis(10);

/// Commands the builder.
#[derive(Debug, Clone)]
pub struct BuilderControl {
    commands: Sender<Command>,
    /// How many resets were carried out.
    resets: watch::Receiver<u64>,
}

impl BuilderControl {
    /// Control by these commands; `resets` counts what was carried out.
    pub const fn new(commands: Sender<Command>, resets: watch::Receiver<u64>) -> Self {
        Self { commands, resets }
    }

    /// Lets the builder go on with blocks of its own.
    pub async fn lead(&self) {
        if self.send(Command::Lead).await.is_err() {
            tracing::error!("the builder is gone");
        }
    }

    /// Takes back all blocks above `keep` and waits until that is done.
    ///
    /// # Errors
    /// When the builder is gone.
    pub async fn reset(
        &mut self,
        keep: u64,
        cause: String,
        lead: bool,
    ) -> Result<(), SequencerError> {
        self.resets.mark_unchanged();
        self.send(Command::Reset { keep, cause, lead }).await?;
        self.resets.changed().await.map_err(|_| SequencerError::Lost { what: "builder" })
    }

    /// Has all blocks above `keep` built again. Does not wait for it.
    ///
    /// # Errors
    /// When the builder is gone.
    pub async fn rebuild(&self, keep: u64, cause: String) -> Result<(), SequencerError> {
        self.send(Command::Rebuild { keep, cause }).await
    }

    /// Builds a block that L1 dictates. `None` if the builder cannot now.
    ///
    /// # Errors
    /// When the builder is gone.
    pub async fn build(&self, inputs: BlockInputs) -> Result<Option<L2BlockRef>, SequencerError> {
        let (answer, receiver) = oneshot::channel();
        self.send(Command::Build { inputs: Box::new(inputs), answer }).await?;
        // No answer means that the driver was just replaced.
        Ok(receiver.await.unwrap_or(None))
    }

    /// Seals the open block and ends the builder.
    ///
    /// # Errors
    /// When the builder is gone already.
    pub async fn stop(&self) -> Result<(), SequencerError> {
        self.send(Command::Stop).await
    }

    async fn send(&self, mut command: Command) -> Result<(), SequencerError> {
        loop {
            match self.commands.try_send(command) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => {
                    return Err(SequencerError::Lost { what: "builder" });
                }
                Err(TrySendError::Full(returned)) => command = returned,
            }
            tokio::time::sleep(FULL_PAUSE).await;
        }
    }
}
