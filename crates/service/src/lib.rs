//! What every Braid process needs and none of its business: logs, metrics, health, configuration,
//! retries, the clock, secrets, and an orderly end.
//!
//! Knows nothing of blocks. Services depend on it, the core never does.

mod clock;
mod config;
mod error_chain;
mod health;
mod metrics;
mod priority;
mod retry;
mod secret;
mod shutdown;
mod telemetry;
mod threads;

pub use clock::{Clock, ManualClock, SystemClock, UnixMillis};
pub use config::{ConfigError, Layers};
pub use error_chain::error_chain;
pub use health::{Component, Health, Report, State, router as health_router};
pub use metrics::{Exporter, MetricsError};
pub use priority::lower_priority;
pub use retry::{Backoff, Severity};
pub use secret::Secret;
pub use shutdown::Shutdown;
pub use telemetry::{LogFilter, LogFormat, TelemetryError, init as init_telemetry};
