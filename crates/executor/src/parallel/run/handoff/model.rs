//! Every order in which the steps of a few workers can fall, as far as the bound on preemptions goes.

use std::{collections::BTreeSet, ops::Deref};

use loom::{
    model::Builder,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::*;
use crate::parallel::schedule::Graph;

struct Modelled;

/// The checker changes threads where a lock is taken, never where one is given back, so that nobody would ever find one
/// taken. The gate is passed before both.
struct Gated<T> {
    mutex: Mutex<T>,
    gate: AtomicUsize,
}

struct Guard<'a, T> {
    guard: Option<MutexGuard<'a, T>>,
    gated: &'a Gated<T>,
}

impl<T> Gated<T> {
    fn pass(&self) {
        self.gate.fetch_add(1, Ordering::SeqCst);
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_ref().unwrap()
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().unwrap()
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        if self.guard.is_some() && !std::thread::panicking() {
            self.gated.pass();
        }
    }
}

impl Locks for Modelled {
    type Mutex<T> = Gated<T>;
    type Guard<'a, T: 'a> = Guard<'a, T>;
    type Condvar = Condvar;

    fn mutex<T>(value: T) -> Self::Mutex<T> {
        Gated { mutex: Mutex::new(value), gate: AtomicUsize::new(0) }
    }

    fn lock<T>(gated: &Self::Mutex<T>) -> Self::Guard<'_, T> {
        Guard { guard: Some(gated.mutex.lock().unwrap()), gated }
    }

    fn try_lock<T>(gated: &Self::Mutex<T>) -> Option<Self::Guard<'_, T>> {
        gated.pass();
        Some(Guard { guard: Some(gated.mutex.try_lock().ok()?), gated })
    }

    fn wait<'a, T>(condvar: &Self::Condvar, mut guard: Self::Guard<'a, T>) -> Self::Guard<'a, T> {
        let gated = guard.gated;
        let inner = guard.guard.take().unwrap();
        Guard { guard: Some(condvar.wait(inner).unwrap()), gated }
    }

    fn notify_one(condvar: &Self::Condvar) {
        condvar.notify_one();
    }

    fn notify_all(condvar: &Self::Condvar) {
        condvar.notify_all();
    }
}

/// A run without transactions: turns alone.
struct Model {
    work: Work<Modelled>,
    line: Line<Modelled, Turn, Vec<Turn>>,
    len: usize,
    /// Turns that only the head can do.
    at_head: BTreeSet<Turn>,
    /// How many times something was committed by whoever came by.
    committed: AtomicUsize,
}

impl Model {
    fn new(len: u32, edges: &[(Turn, Turn)], at_head: &[Turn], workers: usize) -> Arc<Self> {
        let mut graph = Graph::with_capacity(len as usize);
        (0..len).for_each(|_| graph.push(1));
        edges.iter().for_each(|(earlier, later)| graph.wait(*earlier, *later));
        Arc::new(Self {
            // One at a time, so that workers meet as often as possible.
            work: Work::new(graph.schedule(workers), 1),
            line: Line::new(len as usize, Vec::new()),
            len: len as usize,
            at_head: at_head.iter().copied().collect(),
            committed: AtomicUsize::new(0),
        })
    }

    /// As [`Run::work`](super::super::Run::work).
    fn work(&self) {
        let (mut batch, mut done, mut idle) = (Vec::new(), Vec::new(), Duration::ZERO);
        while self.work.take(&done, &mut batch, &mut idle) {
            done.clear();
            for turn in batch.drain(..) {
                self.line.put(turn, turn);
                if !self.at_head.contains(&turn) {
                    done.push(turn);
                }
            }
            self.commit();
        }
    }

    fn commit(&self) {
        let next = |head: &Vec<Turn>| Some(head.len()).filter(|next| *next < self.len);
        self.line.advance(next, |head, turn| {
            head.push(turn);
            self.committed.fetch_add(1, Ordering::SeqCst);
            if self.at_head.contains(&turn) {
                self.work.done(turn);
            }
            Look::On
        });
    }

    /// Nothing was lost, doubled or put in another order.
    fn check(&self) {
        // Whoever came last has committed the last one: the owner has nothing left to do.
        assert_eq!(self.committed.load(Ordering::SeqCst), self.len);
        let all: Vec<Turn> = (1..).take(self.len).collect();
        assert_eq!(self.line.take_head(Vec::new()), all);
    }
}

fn explore(len: u32, edges: &'static [(Turn, Turn)], at_head: &'static [Turn], workers: usize) {
    let mut builder = Builder::new();
    // Three of them have too many orders for more.
    builder.preemption_bound = Some(if workers > 2 { 2 } else { 3 });
    builder.check(move || {
        let model = Model::new(len, edges, at_head, workers);
        let others: Vec<_> = (1..workers)
            .map(|_| {
                let model = model.clone();
                thread::spawn(move || model.work())
            })
            .collect();
        model.work();
        others.into_iter().for_each(|other| other.join().unwrap());
        model.check();
    });
}

#[test]
fn what_does_not_wait_is_committed_in_order() {
    explore(3, &[], &[], 2);
}

#[test]
fn whoever_waits_is_woken() {
    explore(3, &[(1, 3), (2, 3)], &[], 2);
}

#[test]
fn what_is_left_to_the_head_holds_nobody_up_for_ever() {
    explore(3, &[(2, 3)], &[2], 2);
}

#[test]
fn three_workers_meet() {
    explore(3, &[(1, 2)], &[1], 3);
}

/// Workers end when they are told to, whatever is left and whoever sleeps.
#[test]
fn a_stop_reaches_everybody() {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let model = Model::new(3, &[(1, 2), (2, 3)], &[], 2);
        let other = model.clone();
        let other = thread::spawn(move || other.work());
        let stopping = model.clone();
        let stopping = thread::spawn(move || stopping.work.stop());
        model.work();
        other.join().unwrap();
        stopping.join().unwrap();
        let committed = model.committed.load(Ordering::SeqCst);
        assert_eq!(model.line.take_head(Vec::new()).len(), committed);
    });
}
