//! What a loop does with an error, and how long it waits before the next attempt.

use std::time::Duration;

/// The answer of every error that reaches a driver's loop to "now what?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Try the same again after a pause.
    Temporary,
    /// What was assumed no longer holds (a reorg, say): go back to a known point and start again.
    Reset,
    /// A person must look; the service stops.
    Critical,
}

/// Doubling pauses between two bounds.
#[derive(Debug, Clone)]
pub struct Backoff {
    pause_min: Duration,
    pause_max: Duration,
    next: Duration,
}

impl Backoff {
    /// Starts at `pause_min` and doubles up to `pause_max`.
    pub const fn new(pause_min: Duration, pause_max: Duration) -> Self {
        Self { pause_min, pause_max, next: pause_min }
    }

    /// The pause to take now.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = std::cmp::min(self.next.saturating_mul(2), self.pause_max);
        pause
    }

    /// After a success the next failure starts small again.
    pub const fn reset(&mut self) {
        self.next = self.pause_min;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_bound_and_resets() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        let pauses: Vec<_> = (0..4).map(|_| backoff.pause().as_millis()).collect();
        assert_eq!(pauses, [100, 200, 350, 350]);
        backoff.reset();
        assert_eq!(backoff.pause().as_millis(), 100);
    }
}
