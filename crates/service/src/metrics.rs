//! The Prometheus recorder of the process, and the page where it is read.

use std::time::Duration;

use axum::{Router, http::header, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::threads;

/// How often old samples of histograms are folded away.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Upper bounds of the buckets of every `…_seconds` histogram: 50 µs to 30 s.
const SECONDS_BUCKETS: [f64; 18] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 30.0,
];

/// Why metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The recorder refused its settings, or one is installed already.
    #[error("cannot install the metrics recorder")]
    Install(#[source] BuildError),
}

/// Reads what the process has counted.
#[derive(Debug, Clone)]
pub struct Exporter {
    handle: PrometheusHandle,
}

impl Exporter {
    /// Installs the recorder of the process. Call it once, before anything is counted.
    ///
    /// # Errors
    /// When a recorder is installed already.
    pub fn install() -> Result<Self, MetricsError> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS_BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(MetricsError::Install)?;
        threads::describe();
        Ok(Self { handle })
    }

    /// The counted values in Prometheus's text format.
    pub fn render(&self) -> String {
        threads::measure();
        self.handle.render()
    }

    /// Serves `GET /metrics`, and keeps histograms small as long as it is served.
    pub fn router(&self) -> Router {
        let exporter = self.clone();
        tokio::spawn({
            let handle = self.handle.clone();
            async move {
                let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
                loop {
                    ticks.tick().await;
                    handle.run_upkeep();
                }
            }
        });
        Router::new().route(
            "/metrics",
            get(move || async move {
                let kind = "text/plain; version=0.0.4; charset=utf-8";
                ([(header::CONTENT_TYPE, kind)], exporter.render()).into_response()
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_what_was_counted_and_installs_once() {
        let exporter = Exporter::install().unwrap();
        metrics::counter!("braid_service_test_total").increment(3);
        metrics::histogram!("braid_service_test_seconds").record(0.004);
        let page = exporter.render();
        assert!(page.contains("braid_service_test_total 3"), "{page}");
        assert!(page.contains(r#"braid_service_test_seconds_bucket{le="0.005"} 1"#), "{page}");
        assert!(matches!(Exporter::install(), Err(MetricsError::Install(_))));
    }
}
