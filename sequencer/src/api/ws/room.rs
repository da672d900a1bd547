//! How much of one connection may be unanswered at a time: messages, and bytes of answers that are not read.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::limits::{ANSWER_BYTES_UNREAD_MAX, CALLS_UNANSWERED_MAX};

/// The room of a connection.
#[derive(Debug)]
pub(super) struct Room {
    places: Arc<Semaphore>,
    bytes: AtomicUsize,
}

/// The place of one message, from its arrival until its answer is written. Free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Arc<Room>,
    bytes: usize,
    _place: OwnedSemaphorePermit,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(CALLS_UNANSWERED_MAX as usize)),
            bytes: AtomicUsize::new(0),
        }
    }
}

impl Room {
    /// A place, if there is room.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Place> {
        if self.bytes.load(Ordering::Relaxed) >= ANSWER_BYTES_UNREAD_MAX {
            return None;
        }
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some(Place { room: self.clone(), bytes: 0, _place: place })
    }

    /// Waits until everything is answered.
    pub(super) async fn empty(&self) {
        // Never closed.
        let _ = self.places.acquire_many(CALLS_UNANSWERED_MAX).await;
    }
}

impl Place {
    /// The answer is there, and has so many bytes.
    pub(super) fn hold(&mut self, bytes: usize) {
        self.bytes = bytes;
        self.room.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_unread_bytes_are_bounded() {
        let room = Arc::new(Room::default());
        let mut places: Vec<Place> =
            (0..CALLS_UNANSWERED_MAX).map(|_| room.enter().unwrap()).collect();
        assert!(room.enter().is_none());
        places.pop();
        let mut large = room.enter().unwrap();
        places.clear();
        large.hold(ANSWER_BYTES_UNREAD_MAX);
        assert!(room.enter().is_none());
        drop(large);
        assert!(room.enter().is_some());
    }
}
