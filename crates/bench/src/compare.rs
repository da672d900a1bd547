//! Two endpoints in turn: medians over rounds, their ratio, and how far noise alone could have moved it.

use std::fmt;

use serde::Serialize;

use crate::report::{Latency, RunReport};

/// One figure of both endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// What is compared.
    pub name: &'static str,
    /// Median over the rounds of the first endpoint.
    pub first: f64,
    /// Median over the rounds of the second one.
    pub second: f64,
    /// The second by the first.
    pub ratio: f64,
    /// The worst round of the second by the best of the first: no pair of rounds has a smaller ratio.
    pub ratio_min: f64,
    /// The opposite.
    pub ratio_max: f64,
    /// Whether every round of one is beyond every round of the other.
    pub is_clear: bool,
}

/// How two endpoints compare.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The first endpoint, as it calls itself.
    pub first: String,
    /// The second one.
    pub second: String,
    /// Rounds of each.
    pub rounds: usize,
    /// All figures that both have.
    pub figures: Vec<Figure>,
}

/// What is compared, and where it is in a report.
type Wanted = (&'static str, fn(&RunReport) -> Option<f64>);

const WANTED: [Wanted; 7] = [
    ("acknowledged/s", |report| Some(report.acknowledged_per_second)),
    ("in blocks/s", |report| Some(report.included_per_second)),
    ("ack p50, ms", |report| Some(report.ack.as_ref()?.p50_ms)),
    ("ack p99, ms", |report| Some(report.ack.as_ref()?.p99_ms)),
    ("durable p50, ms", |report| Some(report.durable.as_ref()?.p50_ms)),
    ("receipt p50, ms", |report| Some(report.receipt.as_ref()?.p50_ms)),
    ("receipt p99, ms", |report| Some(report.receipt.as_ref()?.p99_ms)),
];

impl Comparison {
    /// Of the rounds of two endpoints; `None` where one has no round.
    #[must_use]
    pub fn of(first: &[RunReport], second: &[RunReport]) -> Option<Self> {
        let (a, b) = (first.first()?, second.first()?);
        let figure = |(name, of): &Wanted| {
            let values = |reports: &[RunReport]| reports.iter().map(of).collect::<Option<Vec<_>>>();
            Some(figure(name, values(first)?, values(second)?))
        };
        Some(Self {
            first: name(a),
            second: name(b),
            rounds: std::cmp::min(first.len(), second.len()),
            figures: WANTED.iter().filter_map(figure).collect(),
        })
    }
}

fn name(report: &RunReport) -> String {
    format!("{} at {}", report.client.as_deref().unwrap_or("unknown client"), report.url)
}

fn figure(name: &'static str, mut first: Vec<f64>, mut second: Vec<f64>) -> Figure {
    first.sort_unstable_by(f64::total_cmp);
    second.sort_unstable_by(f64::total_cmp);
    let ends = |values: &[f64]| {
        (values.first().copied().unwrap_or_default(), values.last().copied().unwrap_or_default())
    };
    let ((least_a, most_a), (least_b, most_b)) = (ends(&first), ends(&second));
    Figure {
        name,
        first: median(&first),
        second: median(&second),
        ratio: median(&second) / median(&first),
        ratio_min: least_b / most_a,
        ratio_max: most_b / least_a,
        is_clear: least_b > most_a || most_b < least_a,
    }
}

/// Of sorted values.
fn median(values: &[f64]) -> f64 {
    let half = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or_default();
    if values.len().is_multiple_of(2) && half > 0 {
        f64::midpoint(at(half - 1), at(half))
    } else {
        at(half)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "A  {}\nB  {}\n", self.first, self.second)?;
        writeln!(f, "  {:<16} {:>12} {:>12} {:>9}   any two rounds", "", "A", "B", "B/A")?;
        for figure in &self.figures {
            writeln!(
                f,
                "  {:<16} {:>12.2} {:>12.2} {:>8.2}×   {:.2} to {:.2}{}",
                figure.name,
                figure.first,
                figure.second,
                figure.ratio,
                figure.ratio_min,
                figure.ratio_max,
                if figure.is_clear { "" } else { ", within the noise" }
            )?;
        }
        writeln!(f, "\n  medians of {} rounds each, in turn", self.rounds)
    }
}

/// The line that is shown after each round.
#[must_use]
pub fn round_line(report: &RunReport) -> String {
    let ack = report.ack.as_ref().map_or(0.0, |Latency { p50_ms, .. }| *p50_ms);
    format!(
        "{:>10.0} acknowledged/s, {:>10.0} in blocks/s, ack p50 {ack:.2} ms",
        report.acknowledged_per_second, report.included_per_second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_noise() {
        let clear = figure("x", vec![12.0, 10.0, 11.0], vec![22.0, 20.0, 30.0]);
        assert_eq!((clear.first, clear.second, clear.ratio), (11.0, 22.0, 2.0));
        assert_eq!((clear.ratio_min, clear.ratio_max), (20.0 / 12.0, 3.0));
        assert!(clear.is_clear);
        let unclear = figure("x", vec![10.0, 20.0], vec![15.0, 25.0]);
        assert_eq!((unclear.first, unclear.second), (15.0, 20.0));
        assert!(!unclear.is_clear);
        assert!(figure("x", vec![5.0], vec![4.0]).is_clear);
    }

    #[test]
    fn without_rounds_there_is_nothing_to_say() {
        assert_eq!(Comparison::of(&[], &[]), None);
    }
}
