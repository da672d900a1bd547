//! Where the workers of a run meet: who does what next, and who commits.
//!
//! Two short protocols, apart from what is executed, so that a model checker can try every order of their steps
//! (`model.rs`). Invariants: whoever sleeps is woken when there is something to take, or never will be; an attempt that
//! is left while somebody commits is committed by that one or by whoever left it.

use std::{
    ops::DerefMut,
    time::{Duration, Instant},
};

use super::super::{
    memory::Turn,
    schedule::{Cost, Schedule},
};

/// The locks that it is made of: those of parking_lot, or those of a model checker.
pub(super) trait Locks {
    type Mutex<T>;
    type Guard<'a, T: 'a>: DerefMut<Target = T>;
    type Condvar: Default;

    fn mutex<T>(value: T) -> Self::Mutex<T>;
    fn lock<T>(mutex: &Self::Mutex<T>) -> Self::Guard<'_, T>;
    /// `None`: somebody else has it.
    fn try_lock<T>(mutex: &Self::Mutex<T>) -> Option<Self::Guard<'_, T>>;
    fn wait<'a, T>(condvar: &Self::Condvar, guard: Self::Guard<'a, T>) -> Self::Guard<'a, T>;
    fn notify_one(condvar: &Self::Condvar);
    fn notify_all(condvar: &Self::Condvar);
}

/// Those of parking_lot.
#[derive(Debug)]
pub(super) struct ParkingLot;

impl Locks for ParkingLot {
    type Mutex<T> = parking_lot::Mutex<T>;
    type Guard<'a, T: 'a> = parking_lot::MutexGuard<'a, T>;
    type Condvar = parking_lot::Condvar;

    fn mutex<T>(value: T) -> Self::Mutex<T> {
        parking_lot::Mutex::new(value)
    }

    fn lock<T>(mutex: &Self::Mutex<T>) -> Self::Guard<'_, T> {
        mutex.lock()
    }

    fn try_lock<T>(mutex: &Self::Mutex<T>) -> Option<Self::Guard<'_, T>> {
        mutex.try_lock()
    }

    fn wait<'a, T>(condvar: &Self::Condvar, mut guard: Self::Guard<'a, T>) -> Self::Guard<'a, T> {
        condvar.wait(&mut guard);
        guard
    }

    fn notify_one(condvar: &Self::Condvar) {
        condvar.notify_one();
    }

    fn notify_all(condvar: &Self::Condvar) {
        condvar.notify_all();
    }
}

/// What is left to take.
pub(super) struct Work<L: Locks> {
    schedule: L::Mutex<Schedule>,
    /// There is something to take, or never again.
    changed: L::Condvar,
    batch_cost: Cost,
}

impl<L: Locks> Work<L> {
    pub(super) fn new(schedule: Schedule, batch_cost: Cost) -> Self {
        Self { schedule: L::mutex(schedule), changed: L::Condvar::default(), batch_cost }
    }

    /// Tells what is done, and waits for more. `false`: there will be none.
    pub(super) fn take(&self, done: &[Turn], batch: &mut Vec<Turn>, idle: &mut Duration) -> bool {
        let mut schedule = L::lock(&self.schedule);
        schedule.done(done);
        loop {
            schedule.take(self.batch_cost, batch);
            // One who was woken wakes the next, if there is something left.
            if schedule.has_ready() {
                L::notify_one(&self.changed);
            } else if schedule.is_over() {
                L::notify_all(&self.changed);
            }
            if !batch.is_empty() {
                return true;
            }
            if schedule.is_over() {
                return false;
            }
            let asleep = Instant::now();
            schedule = L::wait(&self.changed, schedule);
            *idle += asleep.elapsed();
        }
    }

    /// A transaction that was left to the head is done.
    pub(super) fn done(&self, turn: Turn) {
        let mut schedule = L::lock(&self.schedule);
        schedule.done(&[turn]);
        if schedule.has_ready() {
            L::notify_one(&self.changed);
        }
    }

    /// Makes everybody end, once they are done with what they have taken.
    pub(super) fn stop(&self) {
        L::lock(&self.schedule).stop();
        L::notify_all(&self.changed);
    }
}

/// Attempts by turn, and the head, which takes them in order.
pub(super) struct Line<L: Locks, A, H> {
    attempts: Box<[L::Mutex<Option<A>>]>,
    head: L::Mutex<H>,
}

/// What to do after a look at the front of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The next one may be there.
    On,
    /// Nothing more is taken now.
    Stop,
}

impl<L: Locks, A, H> Line<L, A, H> {
    pub(super) fn new(len: usize, head: H) -> Self {
        Self { attempts: (0..len).map(|_| L::mutex(None)).collect(), head: L::mutex(head) }
    }

    /// Leaves an attempt.
    pub(super) fn put(&self, turn: Turn, attempt: A) {
        *L::lock(&self.attempts[turn as usize - 1]) = Some(attempt);
    }

    /// Lets the head take what is there, unless somebody else is at it. `next`: the place of the one that it waits for, if
    /// there is one; `take` is given each in turn.
    pub(super) fn advance(
        &self,
        next: impl Fn(&H) -> Option<usize>,
        mut take: impl FnMut(&mut H, A) -> Look,
    ) {
        loop {
            let Some(mut head) = L::try_lock(&self.head) else { return };
            while let Some(place) = next(&head) {
                let Some(attempt) = L::lock(&self.attempts[place]).take() else { break };
                if take(&mut head, attempt) == Look::Stop {
                    return;
                }
            }
            let waits_for = next(&head);
            drop(head);
            // Somebody may have come by in vain between the last look and the release.
            let is_there = |place: usize| L::lock(&self.attempts[place]).is_some();
            if !waits_for.is_some_and(is_there) {
                return;
            }
        }
    }

    /// The head, once nobody works any more.
    pub(super) fn take_head(&self, nothing: H) -> H {
        std::mem::replace(&mut L::lock(&self.head), nothing)
    }
}

#[cfg(test)]
mod model;
