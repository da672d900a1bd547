//! The same work on many items, on several threads where there are any. The result must not depend on the order.

/// Does `work` for each item, on the calling thread and up to `threads - 1` others.
#[cfg(feature = "std")]
pub(super) fn for_each<T: Send>(
    threads: usize,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) + Sync,
) {
    if threads <= 1 {
        return items.for_each(work);
    }
    let queue = parking_lot::Mutex::new(items);
    let take = || queue.lock().next();
    let work_off = || {
        while let Some(item) = take() {
            work(item);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work_off);
        }
        work_off();
    });
}

/// Does `work` for each item.
#[cfg(not(feature = "std"))]
pub(super) fn for_each<T>(_threads: usize, items: impl Iterator<Item = T>, work: impl Fn(T)) {
    items.for_each(work);
}

/// How many threads this machine runs at a time.
#[cfg(feature = "std")]
pub(super) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, core::num::NonZero::get)
}

/// How many threads this machine runs at a time.
#[cfg(not(feature = "std"))]
pub(super) const fn available() -> usize {
    1
}
