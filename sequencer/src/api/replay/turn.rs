//! Leave to trace: so many at a time, each for so long and so much.

use std::{sync::Arc, time::Duration};

use jsonrpsee::core::RpcResult;
use tokio::sync::OwnedSemaphorePermit;

use super::{Allowance, Replay, Replayable};
use crate::{
    api::{
        Api, errors,
        limits::{TRACE_BYTES_MAX, TRACE_WAIT_MAX},
        read::{Fault, PASSED_RETRIES_MAX},
    },
    chain::{At, ReadError, State},
    quota::Client,
};

/// The turn of one request, which may go over several blocks.
#[derive(Debug)]
pub(crate) struct Turn {
    permit: Arc<OwnedSemaphorePermit>,
    client: Client,
    /// What is left of it.
    pub(crate) allowance: Allowance,
}

impl Api {
    /// Waits for a turn; its time begins when it is given.
    pub(crate) async fn turn(&self, time_max: Duration) -> RpcResult<Turn> {
        let client = Client::current();
        client.call().map_err(|refused| errors::quota(&refused))?;
        let permit = tokio::time::timeout(TRACE_WAIT_MAX, self.traces.clone().acquire_owned());
        let permit = match permit.await {
            Ok(permit) => permit.map_err(|error| errors::internal("trace", &error))?,
            Err(_) => {
                return Err(errors::overloaded("rate limit exceeded: too many traces are running"));
            }
        };
        let allowance = Allowance::new(time_max, TRACE_BYTES_MAX);
        Ok(Turn { permit: Arc::new(permit), client, allowance })
    }

    /// Runs `work` on a block from before its first transaction, on a thread that may block.
    pub(crate) async fn replay<T, F>(
        &self,
        request: &'static str,
        block: Arc<Replayable>,
        time_max: Duration,
        work: F,
    ) -> RpcResult<T>
    where
        T: Send + 'static,
        F: Fn(&mut Replay<'_>) -> Result<T, Fault> + Send + Sync + 'static,
    {
        let mut turn = self.turn(time_max).await?;
        self.replay_in(&mut turn, request, block, Arc::new(work)).await
    }

    /// The same in a turn that goes on. The work starts again if the state moved from memory to Postgres meanwhile.
    pub(crate) async fn replay_in<T, F>(
        &self,
        turn: &mut Turn,
        request: &'static str,
        block: Arc<Replayable>,
        work: Arc<F>,
    ) -> RpcResult<T>
    where
        T: Send + 'static,
        F: Fn(&mut Replay<'_>) -> Result<T, Fault> + Send + Sync + 'static,
    {
        let mut retries = 0;
        loop {
            let state = self.state_before(block.number()).await;
            let state = state.map_err(|error| errors::read(request, &error))?;
            let (block, work, allowance) = (block.clone(), work.clone(), turn.allowance.clone());
            let (client, permit) = (turn.client.clone(), turn.permit.clone());
            let done = tokio::task::spawn_blocking(move || {
                // Held until the thread is free again, even if nobody waits for the answer any more.
                let _permit = permit;
                client.spend(|| {
                    let mut replay = Replay::open(&block, state, allowance)?;
                    let done = work(&mut replay)?;
                    Ok((done, replay.allowance().clone()))
                })
            });
            match done.await.map_err(|error| errors::internal(request, &error))? {
                Ok((done, allowance)) => {
                    turn.allowance = allowance;
                    return Ok(done);
                }
                Err(Fault::Read(ReadError::Passed { .. })) if retries < PASSED_RETRIES_MAX => {
                    retries += 1;
                }
                Err(Fault::Read(error)) => return Err(errors::read(request, &error)),
                Err(Fault::Answer(error)) => return Err(error),
            }
        }
    }

    /// The state after the parent of a block, which may not be durable yet.
    async fn state_before(&self, number: u64) -> Result<State, ReadError> {
        let parent = number.saturating_sub(1);
        match self.view.store().state_after(parent) {
            Some(view) => Ok(State::Recent(view)),
            None => self.view.state(At::Number(parent)).await,
        }
    }
}
