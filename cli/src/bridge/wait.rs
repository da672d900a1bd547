//! Time that has to pass: in words, in pauses between two looks, and how long an outage is borne.

use std::time::{Duration, Instant};

use eyre::Report;

/// A node that does not answer for longer ends the wait.
const OUTAGE_MAX: Duration = Duration::from_secs(900);
/// The shortest pause between two looks.
const PAUSE_MIN_S: u64 = 1;
/// The longest.
const PAUSE_MAX_S: u64 = 60;
/// Looks in the time that is left.
const LOOKS: u64 = 10;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Seconds as people say them: the two largest units.
pub(crate) fn words(seconds: u64) -> String {
    let (large, small, names) = match seconds {
        0..MINUTE => return format!("{seconds} s"),
        MINUTE..HOUR => (seconds / MINUTE, seconds % MINUTE, ("min", "s")),
        HOUR..DAY => (seconds / HOUR, seconds % HOUR / MINUTE, ("h", "min")),
        _ => (seconds / DAY, seconds % DAY / HOUR, ("d", "h")),
    };
    match small {
        0 => format!("{large} {}", names.0),
        _ => format!("{large} {} {small} {}", names.0, names.1),
    }
}

/// How long to wait before the next look, when so many seconds are left.
pub(crate) fn pause(left: u64) -> Duration {
    Duration::from_secs((left / LOOKS).clamp(PAUSE_MIN_S, PAUSE_MAX_S))
}

/// Counts how long something has not answered.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    since: Option<Instant>,
}

impl Outage {
    /// It has answered.
    pub(crate) const fn over(&mut self) {
        self.since = None;
    }

    /// It has not: gives what to say of it while it may still come back.
    ///
    /// # Errors
    /// When it has been away for too long.
    pub(crate) fn bear(&mut self, error: Report) -> Result<String, Report> {
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() > OUTAGE_MAX {
            let minutes = OUTAGE_MAX.as_secs() / MINUTE;
            return Err(error.wrap_err(format!("no answer in {minutes} minutes")));
        }
        Ok(format!("no answer, trying again ({error:#})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_are_enough() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (200, "3 min 20 s"),
            (3_600, "1 h"),
            (7_530, "2 h 5 min"),
            (86_400, "1 d"),
            (604_799, "6 d 23 h"),
        ] {
            assert_eq!(words(seconds), expected);
        }
    }

    #[test]
    fn looks_are_more_frequent_towards_the_end() {
        assert_eq!(pause(604_800), Duration::from_secs(60));
        assert_eq!(pause(100), Duration::from_secs(10));
        assert_eq!(pause(0), Duration::from_secs(1));
    }

    #[test]
    fn an_outage_is_borne_for_a_while() {
        let mut outage = Outage::default();
        let said = outage.bear(eyre::eyre!("connection refused")).unwrap();
        assert!(said.contains("connection refused"), "{said}");
        outage.since = Instant::now().checked_sub(OUTAGE_MAX + Duration::from_secs(1));
        if outage.since.is_some() {
            assert!(outage.bear(eyre::eyre!("connection refused")).is_err());
        }
        outage.over();
        assert!(outage.bear(eyre::eyre!("connection refused")).is_ok());
    }
}
