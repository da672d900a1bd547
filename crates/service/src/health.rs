//! Health as one tree that `/healthz` and `/readyz` (and gRPC health) show: a state per component.
//!
//! Alive means that the process runs. Ready means that it can do its work: every component is up
//! and it is not draining. Components report by themselves; a report that is older than its age
//! limit counts as down, so a silent task cannot look healthy.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{Json, Router, extract::State as Extract, http::StatusCode, routing::get};
use serde::Serialize;

/// What a component says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It works.
    Up,
    /// It does not, or has not yet, or has been silent for too long.
    Down,
}

#[derive(Debug)]
struct Entry {
    state: State,
    detail: String,
    reported: Instant,
    age_max: Option<Duration>,
}

/// One component as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its state now.
    pub state: State,
    /// Why, in words.
    pub detail: String,
    /// Since its last report, in milliseconds.
    pub age_ms: u128,
    /// Oldest report that still counts, in milliseconds.
    pub age_max_ms: Option<u128>,
}

#[derive(Debug, Default)]
struct Tree {
    components: BTreeMap<&'static str, Entry>,
    draining: bool,
}

/// The health of a process; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Health {
    tree: Arc<Mutex<Tree>>,
}

/// The handle by which one component reports.
#[derive(Debug, Clone)]
pub struct Component {
    name: &'static str,
    health: Health,
}

impl Health {
    /// No components: ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a component, down until it first reports. `age_max` bounds the silence between reports.
    pub fn component(&self, name: &'static str, age_max: Option<Duration>) -> Component {
        let entry = Entry {
            state: State::Down,
            detail: "starting".into(),
            reported: Instant::now(),
            age_max,
        };
        self.with(|tree| tree.components.insert(name, entry));
        Component { name, health: self.clone() }
    }

    /// From now on not ready: the process is about to end.
    pub fn drain(&self) {
        self.with(|tree| tree.draining = true);
    }

    /// Whether all components are up and the process is not draining.
    pub fn is_ready(&self) -> bool {
        !self.with(|tree| tree.draining) && self.reports().values().all(|r| r.state == State::Up)
    }

    /// Every component as it stands.
    pub fn reports(&self) -> BTreeMap<&'static str, Report> {
        self.with(|tree| {
            tree.components.iter().map(|(name, entry)| (*name, entry.report())).collect()
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Tree) -> T) -> T {
        // A panic while the lock was held leaves plain values behind, so the tree stays usable.
        act(&mut self.tree.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Entry {
    fn report(&self) -> Report {
        let age = self.reported.elapsed();
        let silent = self.age_max.is_some_and(|max| age > max);
        Report {
            state: if silent { State::Down } else { self.state },
            detail: if silent { format!("silent: {}", self.detail) } else { self.detail.clone() },
            age_ms: age.as_millis(),
            age_max_ms: self.age_max.map(|max| max.as_millis()),
        }
    }
}

impl Component {
    /// It works.
    pub fn up(&self, detail: impl Into<String>) {
        self.report(State::Up, detail.into());
    }

    /// It does not.
    pub fn down(&self, detail: impl Into<String>) {
        self.report(State::Down, detail.into());
    }

    fn report(&self, state: State, detail: String) {
        self.health.with(|tree| {
            if let Some(entry) = tree.components.get_mut(self.name) {
                *entry = Entry { state, detail, reported: Instant::now(), age_max: entry.age_max };
            }
        });
    }
}

#[derive(Serialize)]
struct Page {
    ready: bool,
    draining: bool,
    components: BTreeMap<&'static str, Report>,
}

/// `GET /healthz` (alive: always 200) and `GET /readyz` (200 or 503, with the tree as JSON).
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(health)
}

async fn ready(Extract(health): Extract<Health>) -> (StatusCode, Json<Page>) {
    let ready = health.is_ready();
    let page =
        Page { ready, draining: health.with(|tree| tree.draining), components: health.reports() };
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_when_all_are_up_fresh_and_not_draining() {
        let health = Health::new();
        let database = health.component("database", None);
        let l1 = health.component("l1", Some(Duration::ZERO));
        assert!(!health.is_ready(), "nobody has reported");
        database.up("connected");
        l1.up("block 7");
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(health.reports()["l1"].state, State::Down, "a silent component is down");
        assert!(health.reports()["l1"].detail.starts_with("silent"));

        let health = Health::new();
        let database = health.component("database", Some(Duration::from_secs(60)));
        database.up("connected");
        assert!(health.is_ready());
        database.down("connection refused");
        assert!(!health.is_ready());
        database.up("connected");
        health.drain();
        assert!(!health.is_ready());
    }
}
