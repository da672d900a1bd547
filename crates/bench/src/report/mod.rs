//! What came of a run: numbers for programs, a page for people, a picture.

mod svg;
mod text;

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

pub use self::svg::svg;
use crate::{
    file::Workload,
    histogram::Histogram,
    run::{BIN, ErrorCount, Outcome, POLL, Pace, RunOptions, Unsettled},
    workload::Spec,
};

/// Buckets of a histogram in each power of two, as it is drawn.
const PARTS: usize = 4;

/// Latencies in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// How many.
    pub count: u64,
    /// Smallest.
    pub min_ms: f64,
    /// Mean.
    pub mean_ms: f64,
    /// Half are not above.
    pub p50_ms: f64,
    /// Nine of ten are not above.
    pub p90_ms: f64,
    /// 99 of 100 are not above.
    pub p99_ms: f64,
    /// 999 of 1,000 are not above.
    pub p999_ms: f64,
    /// Largest.
    pub max_ms: f64,
    /// Buckets: from so many milliseconds on, so many.
    pub buckets: Vec<(f64, u64)>,
}

impl Latency {
    /// Of what was measured; `None` where nothing was.
    #[must_use]
    pub fn of(histogram: &Histogram) -> Option<Self> {
        let at = |of_ten_thousand| milliseconds(histogram.quantile(of_ten_thousand));
        (histogram.count() > 0).then(|| Self {
            count: histogram.count(),
            min_ms: milliseconds(histogram.min()),
            mean_ms: milliseconds(histogram.mean()),
            p50_ms: at(5_000),
            p90_ms: at(9_000),
            p99_ms: at(9_900),
            p999_ms: at(9_990),
            max_ms: milliseconds(histogram.max()),
            buckets: histogram
                .coarse(PARTS)
                .into_iter()
                .map(|(from, count)| (milliseconds(from), count))
                .collect(),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1e3
}

/// How much came in each part of the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// Length of a part in milliseconds.
    pub part_ms: u64,
    /// Acknowledged transactions in each part.
    pub acknowledged: Vec<u64>,
}

/// Whether all that was acknowledged is on the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Yes: once, and in order.
    pub is_right: bool,
    /// Acknowledged transactions that must be there.
    pub expected: u64,
    /// Of them, those that are not.
    pub missing: u64,
    /// Acknowledged, and behind one that was refused.
    pub stuck: u64,
    /// Senders whose nonce is not what was acknowledged.
    pub unsettled_senders: u64,
    /// Some of them.
    pub unsettled: Vec<Unsettled>,
    /// Receipts that were looked at.
    pub receipts: u64,
    /// Of them, those in the wrong place.
    pub receipts_misplaced: u64,
    /// Of them, those of transactions that failed.
    pub receipts_failed: u64,
    /// Samples that never had one.
    pub receipts_missing: u64,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Who was asked.
    pub url: String,
    /// What it calls itself, if it says so.
    pub client: Option<String>,
    /// Its chain.
    pub chain_id: u64,
    /// What was sent.
    pub workload: Spec,
    /// Through which door, as on the command line.
    pub transport: String,
    /// How fast, in words.
    pub pace: String,
    /// Transactions that were acknowledged.
    pub acknowledged: u64,
    /// From the first one until the last answer, in seconds.
    pub sending_seconds: f64,
    /// Acknowledged a second.
    pub acknowledged_per_second: f64,
    /// From the first one until all that was acknowledged was in blocks, in seconds.
    pub included_seconds: f64,
    /// In blocks a second.
    pub included_per_second: f64,
    /// Refused for good.
    pub refused: u64,
    /// Sent again because there was no room.
    pub retried: u64,
    /// Not sent, because one before them was refused.
    pub skipped: u64,
    /// Given up: there was no room until the end.
    pub given_up: u64,
    /// Times that a connection broke and was opened again.
    pub outages: u64,
    /// Transactions of the workload that are still to be played.
    pub left: u64,
    /// Until the endpoint took it: all of them.
    pub ack: Option<Latency>,
    /// Until it was durable: samples; `None` where the endpoint does not say.
    pub durable: Option<Latency>,
    /// Until it had a receipt: samples.
    pub receipt: Option<Latency>,
    /// How exact the latencies of samples are, in milliseconds.
    pub samples_within_ms: u64,
    /// All errors, by code.
    pub errors: BTreeMap<String, ErrorCount>,
    /// Whether all is there.
    pub check: Check,
    /// Throughput over time.
    pub series: Series,
}

impl RunReport {
    /// Of a run.
    #[must_use]
    pub fn new(
        workload: &Workload,
        options: &RunOptions,
        outcome: &Outcome,
        client: Option<String>,
    ) -> Self {
        let tally = &outcome.tally;
        let settled = &outcome.settled;
        let watched = &outcome.watched;
        let there = settled.expected - settled.missing;
        Self {
            url: options.url.clone(),
            client,
            chain_id: workload.header.chain_id,
            workload: workload.header.spec,
            transport: options.transport.to_string(),
            pace: pace(options.pace),
            acknowledged: tally.accepted,
            sending_seconds: outcome.sending.as_secs_f64(),
            acknowledged_per_second: rate(tally.accepted, outcome.sending),
            included_seconds: settled.after.as_secs_f64(),
            included_per_second: rate(there, settled.after),
            refused: tally.refused,
            retried: tally.retried,
            skipped: tally.skipped,
            given_up: tally.given_up,
            outages: tally.outages,
            left: outcome.left,
            ack: Latency::of(&tally.ack),
            durable: watched.durable.as_ref().and_then(Latency::of),
            receipt: Latency::of(&watched.receipt),
            samples_within_ms: u64::try_from(POLL.as_millis()).unwrap_or(u64::MAX),
            errors: tally.errors.clone(),
            check: Check {
                is_right: settled.is_right(),
                expected: settled.expected,
                missing: settled.missing,
                stuck: settled.stuck,
                unsettled_senders: settled.unsettled_count,
                unsettled: settled.unsettled.clone(),
                receipts: watched.found.len() as u64,
                receipts_misplaced: settled.misplaced,
                receipts_failed: watched.failed,
                receipts_missing: watched.missing,
            },
            series: Series {
                part_ms: u64::try_from(BIN.as_millis()).unwrap_or(u64::MAX),
                acknowledged: tally.bins.clone(),
            },
        }
    }
}

fn pace(pace: Pace) -> String {
    match pace {
        Pace::Closed { in_flight } => format!("closed, {in_flight} in flight"),
        Pace::Open { per_second } => format!("open, {per_second} a second"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

#[cfg(test)]
mod tests;
