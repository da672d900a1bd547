//! Threads that live as long as their owner and sleep between runs.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use state::StateReader;

use super::{PreparedTransaction, lane::Lane, run::Run};

/// A worker more than the thread that asks, each on a thread of its own.
#[derive(Debug)]
pub(super) struct Workers<R: StateReader, T> {
    threads: Vec<Worker<R, T>>,
}

#[derive(Debug)]
struct Worker<R: StateReader, T> {
    orders: Option<Sender<Arc<Run<R, T>>>>,
    /// Whether the run was gone through without a panic.
    answers: Receiver<bool>,
    thread: Option<JoinHandle<()>>,
}

impl<R, T> Workers<R, T>
where
    R: StateReader + Send + Sync + 'static,
    T: AsRef<PreparedTransaction> + Send + Sync + 'static,
{
    /// Starts `count` threads.
    pub(super) fn start(count: usize) -> std::io::Result<Self> {
        let threads = (0..count).map(Worker::start).collect::<Result<_, _>>()?;
        Ok(Self { threads })
    }

    /// How many work on a run, the one who asks included.
    pub(super) const fn count(&self) -> usize {
        self.threads.len() + 1
    }

    /// Works on a run with everybody, and returns when all have ended.
    pub(super) fn run(&self, run: &Arc<Run<R, T>>, lane: &mut Lane<R>) {
        for worker in &self.threads {
            worker.order(run.clone());
        }
        {
            let _stop = StopOnPanic(run);
            run.work(lane);
        }
        let ended = self.threads.iter().map(|worker| worker.answers.recv() == Ok(true));
        // All are waited for: none may go on with a run that its owner has left.
        let panicked = ended.filter(|fine| !fine).count();
        assert!(panicked == 0, "{panicked} executor workers panicked");
    }
}

/// Ends a run whose owner panics: the others would wait for what it had taken, and whoever drops the engine for them.
struct StopOnPanic<'a, R: StateReader, T: AsRef<PreparedTransaction>>(&'a Run<R, T>);

impl<R: StateReader, T: AsRef<PreparedTransaction>> Drop for StopOnPanic<'_, R, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

impl<R, T> Worker<R, T>
where
    R: StateReader + Send + Sync + 'static,
    T: AsRef<PreparedTransaction> + Send + Sync + 'static,
{
    fn start(number: usize) -> std::io::Result<Self> {
        let (orders, taken) = bounded::<Arc<Run<R, T>>>(1);
        let (answer, answers) = bounded(1);
        let name = format!("braid-exec-{}", number + 1);
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            let mut lane: Option<Lane<R>> = None;
            for run in taken {
                let worked = catch_unwind(AssertUnwindSafe(|| {
                    let lane = match &mut lane {
                        Some(known) if known.is_for(&run.rules) => known,
                        other => other.insert(Lane::new(run.rules.clone(), run.vaults)),
                    };
                    lane.attach(&run.memory);
                    run.work(lane);
                    lane.detach();
                }));
                if worked.is_err() {
                    // What it held is of no use any more, and the others must not wait for it.
                    run.stop();
                    lane = None;
                }
                drop(run);
                if answer.send(worked.is_ok()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { orders: Some(orders), answers, thread: Some(thread) })
    }

    fn order(&self, run: Arc<Run<R, T>>) {
        let orders = self.orders.as_ref().expect("not dropped");
        assert!(orders.send(run).is_ok(), "the executor's worker has ended");
    }
}

impl<R: StateReader, T> Drop for Worker<R, T> {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It has told of its panic by an answer.
            let _ = thread.join();
        }
    }
}
