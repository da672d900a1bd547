//! Structured logs: text for people, JSON for machines, always on stderr (stdout belongs to `--json` output).

use std::{
    io::{self, IsTerminal},
    sync::Arc,
};

use serde::Deserialize;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One readable line an event.
    Text,
    /// One JSON object an event.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = TelemetryError;

    fn from_str(name: &str) -> Result<Self, TelemetryError> {
        match name {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(TelemetryError::Format(name.to_owned())),
        }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not in `target=level` form.
    #[error("log filter {filter:?} is not valid")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// Not `auto`, `text` or `json`.
    #[error("log format {0:?} is not one of auto, text, json")]
    Format(String),
    /// Nothing is logged any more.
    #[error("the log filter cannot be changed")]
    Reload(#[source] reload::Error),
    /// Something else logs already.
    #[error("logging is set up already")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// Which log lines are written; can be changed while the process runs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogFilter {
    handle: Arc<reload::Handle<EnvFilter, Registry>>,
}

impl LogFilter {
    /// A filter for a layer of log lines, and the handle that changes it. `filter` is in the form of `RUST_LOG`, for
    /// example `info,sequencer=debug`.
    ///
    /// # Errors
    /// When the filter does not parse.
    pub fn new(filter: &str) -> Result<(reload::Layer<EnvFilter, Registry>, Self), TelemetryError> {
        let (layer, handle) = reload::Layer::new(parse(filter)?);
        Ok((layer, Self { handle: Arc::new(handle) }))
    }

    /// Writes what passes `filter` from now on.
    ///
    /// # Errors
    /// When it does not parse, or nothing is logged any more.
    pub fn set(&self, filter: &str) -> Result<(), TelemetryError> {
        self.handle.reload(parse(filter)?).map_err(TelemetryError::Reload)
    }

    /// The filter that holds, without what adds nothing to it; empty where nothing is logged any more.
    pub fn current(&self) -> String {
        self.handle.with_current(ToString::to_string).unwrap_or_default()
    }
}

fn parse(filter: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::try_new(filter)
        .map_err(|source| TelemetryError::Filter { filter: filter.to_owned(), source })
}

/// Sends log lines to stderr, those that pass `filter`.
///
/// # Errors
/// When the filter does not parse, or logging was set up before.
pub fn init(format: LogFormat, filter: &str) -> Result<LogFilter, TelemetryError> {
    let (filter, handle) = LogFilter::new(filter)?;
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = if json {
        lines.json().flatten_event(true).boxed()
    } else {
        lines.with_ansi(io::stderr().is_terminal()).with_target(true).compact().boxed()
    };
    tracing_subscriber::registry()
        // Above all lines, not of this layer alone: a layer's own filter loses the event after a question of the `log`
        // crate whether something would be logged.
        .with(filter)
        .with(lines)
        .try_init()
        .map_err(TelemetryError::Twice)?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn formats_and_filters_are_checked() {
        assert_eq!("json".parse::<LogFormat>().unwrap(), LogFormat::Json);
        assert!("xml".parse::<LogFormat>().is_err());
        assert!(matches!(init(LogFormat::Text, "a=b=c"), Err(TelemetryError::Filter { .. })));
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_filter_can_be_changed() {
        let (filter, logs) = LogFilter::new("info").unwrap();
        let written = Lines::default();
        let lines = written.clone();
        let layer = tracing_subscriber::fmt::layer().with_ansi(false);
        let layer = layer.with_writer(move || lines.clone());
        let subscriber = tracing_subscriber::registry().with(filter).with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let tell = |number: u32| tracing::debug!(number, "told");
            tell(1);
            logs.set("info,service=debug").unwrap();
            tell(2);
            assert!(matches!(logs.set("a=b=c"), Err(TelemetryError::Filter { .. })));
            tell(3);
            logs.set("warn").unwrap();
            tell(4);
            assert_eq!(logs.current(), "warn");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let told = |number: u32| text.contains(&format!("number={number}"));
        assert_eq!([told(1), told(2), told(3), told(4)], [false, true, true, false], "{text}");
        assert!(logs.set("info").is_err());
    }
}
