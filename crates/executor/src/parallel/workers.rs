//! Threads that live as long as their owner and sleep between jobs.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;

/// Work that several threads share. `S` is what each of them keeps from one job to the next.
pub(super) trait Job<S>: Send + Sync {
    /// Works until there is nothing left to do.
    fn work(&self, kept: &mut S);
    /// Somebody has panicked: the others must not wait for what it had taken.
    fn stop(&self);
}

/// A worker more than the thread that asks, each on a thread of its own.
#[derive(Debug)]
pub(super) struct Workers<S> {
    threads: Vec<Worker<S>>,
    /// One job at a time: answers do not say to what.
    turn: Mutex<()>,
}

#[derive(Debug)]
struct Worker<S> {
    orders: Option<Sender<Arc<dyn Job<S>>>>,
    /// Whether the job was gone through without a panic.
    answers: Receiver<bool>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Default + 'static> Workers<S> {
    /// Starts `count` threads.
    pub(super) fn start(count: usize) -> std::io::Result<Self> {
        let threads = (0..count).map(Worker::start).collect::<Result<_, _>>()?;
        Ok(Self { threads, turn: Mutex::default() })
    }

    /// How many work on a job, the one who asks included.
    pub(super) const fn count(&self) -> usize {
        self.threads.len() + 1
    }

    /// Works on a job with everybody, `own` being the caller's part, and returns when all have ended.
    /// Jobs of several threads run one after the other.
    pub(super) fn run<J: Job<S> + 'static>(&self, job: &Arc<J>, own: impl FnOnce(&J)) {
        let _turn = self.turn.lock();
        for worker in &self.threads {
            worker.order(job.clone());
        }
        {
            let _end = EndOnPanic { job: &**job, workers: self };
            own(job);
        }
        let panicked = self.wait();
        assert!(panicked == 0, "{panicked} executor workers panicked");
    }
}

impl<S> Workers<S> {
    /// Waits for all: none may go on with a job that its owner has left. Gives the number of those that panicked.
    fn wait(&self) -> usize {
        let ended = self.threads.iter().map(|worker| worker.answers.recv() == Ok(true));
        ended.filter(|fine| !fine).count()
    }
}

/// Ends a job whose owner panics: the others would wait for what it had taken, and the next job for them.
struct EndOnPanic<'a, S> {
    job: &'a dyn Job<S>,
    workers: &'a Workers<S>,
}

impl<S> Drop for EndOnPanic<'_, S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.job.stop();
            self.workers.wait();
        }
    }
}

impl<S: Default + 'static> Worker<S> {
    fn start(number: usize) -> std::io::Result<Self> {
        let (orders, taken) = bounded::<Arc<dyn Job<S>>>(1);
        let (answer, answers) = bounded(1);
        let name = format!("braid-exec-{}", number + 1);
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            let mut kept = S::default();
            for job in taken {
                let worked = catch_unwind(AssertUnwindSafe(|| job.work(&mut kept)));
                if worked.is_err() {
                    // What it held is of no use any more, and the others must not wait for it.
                    job.stop();
                    kept = S::default();
                }
                drop(job);
                if answer.send(worked.is_ok()).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { orders: Some(orders), answers, thread: Some(thread) })
    }

    fn order(&self, job: Arc<dyn Job<S>>) {
        let orders = self.orders.as_ref().expect("not dropped");
        assert!(orders.send(job).is_ok(), "the executor's worker has ended");
    }
}

impl<S> Drop for Worker<S> {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It has told of its panic by an answer.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Counts how often its workers have worked, or panics.
    #[derive(Debug, Default)]
    struct Counted {
        worked: AtomicU32,
        stopped: AtomicU32,
        panics: bool,
    }

    impl Job<u32> for Counted {
        fn work(&self, kept: &mut u32) {
            assert!(!self.panics, "as asked");
            *kept += 1;
            self.worked.fetch_add(*kept, Ordering::SeqCst);
        }

        fn stop(&self) {
            self.stopped.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn everybody_works_and_keeps_what_is_theirs() {
        let workers = Workers::<u32>::start(3).unwrap();
        let job = Arc::new(Counted::default());
        let mut own = false;
        workers.run(&job, |_| own = true);
        workers.run(&job, |_| {});
        // Each of three threads adds 1 and then 2.
        assert!(own);
        assert_eq!((job.worked.load(Ordering::SeqCst), job.stopped.load(Ordering::SeqCst)), (9, 0));
    }

    #[test]
    fn jobs_of_several_threads_do_not_mix() {
        let workers = Workers::<u32>::start(2).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let job = Arc::new(Counted::default());
                        workers.run(&job, |_| {});
                        let job = Arc::into_inner(job).expect("everybody is done with it");
                        assert!(job.worked.into_inner() > 0);
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_stops_the_job_and_not_the_workers() {
        let workers = Workers::<u32>::start(2).unwrap();
        let broken = Arc::new(Counted { panics: true, ..Counted::default() });
        let run = || workers.run(&broken, |_| {});
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        assert_eq!(broken.stopped.load(Ordering::SeqCst), 2);
        let owner = Arc::new(Counted::default());
        let run = || workers.run(&owner, |_| panic!("the owner"));
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        assert_eq!(owner.stopped.load(Ordering::SeqCst), 1);
        // All were waited for each time, and go on.
        let job = Arc::new(Counted::default());
        workers.run(&job, |_| {});
        assert!((2..=4).contains(&job.worked.load(Ordering::SeqCst)));
        assert_eq!(Arc::strong_count(&owner), 1);
    }
}
