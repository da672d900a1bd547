//! A picture of a run: throughput over time, and how latencies are spread. Readable on white and on black.

use std::fmt::Write;

use super::{Latency, RunReport};

/// Size of the picture.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 560.0;
/// Where a plot begins and ends.
const LEFT: f64 = 105.0;
const RIGHT: f64 = WIDTH - 20.0;
/// Points of the line at most.
const POINTS_MAX: usize = 200;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#222}.t{font-size:15px;font-weight:600}\
.axis{stroke:#999;stroke-width:1}.grid{stroke:#ddd;stroke-width:1}.line{fill:none;stroke:#1f6feb;stroke-width:2}\
.ack{fill:#1f6feb}.durable{fill:#d98324}.receipt{fill:#2e9e5b}.back{fill:#fff}\
@media(prefers-color-scheme:dark){text{fill:#ddd}.axis{stroke:#777}.grid{stroke:#333}.line{stroke:#6cb0ff}\
.ack{fill:#6cb0ff}.durable{fill:#f0a860}.receipt{fill:#67c78f}.back{fill:#111}}";

/// The picture as a file of its own.
#[must_use]
pub fn svg(report: &RunReport) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{}</title><style>{STYLE}</style><rect class="back" width="100%" height="100%"/>"#,
        escaped(&title(report))
    );
    text(&mut out, LEFT, 24.0, "t", &title(report));
    throughput(&mut out, report, 60.0, 250.0);
    latencies(&mut out, report, 330.0, 510.0);
    out.push_str("</svg>\n");
    out
}

fn title(report: &RunReport) -> String {
    format!(
        "{} by {}, {}: {:.0} acknowledged a second, {:.0} in blocks",
        report.workload.kind.name(),
        report.transport,
        report.pace,
        report.acknowledged_per_second,
        report.included_per_second
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // XML has no other control characters.
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

fn text(out: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let _ = write!(out, r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{}</text>"#, escaped(text));
}

fn line(out: &mut String, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = write!(
        out,
        r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
    );
}

/// A round number at or above `value`.
fn ceiling(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(power * 10.0)
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn throughput(out: &mut String, report: &RunReport, top: f64, bottom: f64) {
    let bins = &report.series.acknowledged;
    let joined = std::cmp::max(bins.len().div_ceil(POINTS_MAX), 1);
    let seconds = report.series.part_ms as f64 / 1e3;
    // The last point may be of a shorter time than the others.
    let rates: Vec<f64> = bins
        .chunks(joined)
        .map(|part| part.iter().sum::<u64>() as f64 / (part.len() as f64 * seconds))
        .collect();
    let highest = ceiling(rates.iter().copied().fold(0.0, f64::max));
    text(out, LEFT, top - 12.0, "", "acknowledged transactions a second, over time");
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let y = bottom - share * (bottom - top);
        line(out, if step == 0 { "axis" } else { "grid" }, (LEFT, y), (RIGHT, y));
        text(out, 6.0, y + 4.0, "", &format!("{:.0}", highest * share));
    }
    let all = bins.len() as f64 * seconds;
    let mut path = String::new();
    for (index, rate) in rates.iter().enumerate() {
        let x = LEFT + (index as f64 + 0.5) / rates.len() as f64 * (RIGHT - LEFT);
        let y = bottom - rate / highest * (bottom - top);
        let _ = write!(path, "{}{x:.1},{y:.1}", if index == 0 { "M" } else { "L" });
    }
    if !path.is_empty() {
        let _ = write!(out, r#"<path class="line" d="{path}"/>"#);
    }
    text(out, LEFT, bottom + 18.0, "", "0 s");
    text(out, RIGHT - 40.0, bottom + 18.0, "", &format!("{all:.1} s"));
}

/// Three histograms over one logarithmic axis, one above the other.
fn latencies(out: &mut String, report: &RunReport, top: f64, bottom: f64) {
    let rows = [
        ("ack", "acknowledged", &report.ack),
        ("durable", "durable", &report.durable),
        ("receipt", "receipt", &report.receipt),
    ];
    let shown: Vec<_> = rows
        .into_iter()
        .filter_map(|(class, name, it)| Some((class, name, it.as_ref()?)))
        .collect();
    text(out, LEFT, top - 18.0, "", "latency in milliseconds, logarithmic");
    let least = shown.iter().map(|(_, _, it)| it.min_ms).fold(f64::MAX, f64::min);
    let most = shown.iter().map(|(_, _, it)| it.max_ms).fold(0.0, f64::max);
    if shown.is_empty() {
        return;
    }
    let (low, high) = (f64::max(least, 0.01).log10().floor(), f64::max(most, 0.1).log10().ceil());
    let x = |ms: f64| {
        let share = (f64::max(ms, 0.001).log10() - low) / f64::max(high - low, 1.0);
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    };
    let mut power = low;
    while power <= high {
        let at = 10_f64.powf(power);
        line(out, "grid", (x(at), top), (x(at), bottom));
        text(out, x(at) - 8.0, bottom + 18.0, "", &format!("{at}"));
        power += 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "three of them")]
    let height = (bottom - top) / shown.len() as f64;
    let mut base = top;
    for (class, name, latency) in shown {
        base += height;
        bars(out, class, latency, base, height - 18.0, &x);
        line(out, "axis", (LEFT, base), (RIGHT, base));
        text(out, 6.0, base - height + 30.0, "", name);
        let quantiles = format!("p50 {:.1}", latency.p50_ms);
        text(out, 6.0, base - height + 46.0, "", &quantiles);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn bars(
    out: &mut String,
    class: &str,
    latency: &Latency,
    base: f64,
    height: f64,
    x: &impl Fn(f64) -> f64,
) {
    let most = latency.buckets.iter().map(|(_, count)| *count).max().unwrap_or(1) as f64;
    for (from, count) in &latency.buckets {
        let tall = f64::max(*count as f64 / most * height, 1.0);
        // A bucket is a quarter of a power of two.
        let (start, end) = (x(*from), x(from * 1.19));
        let wide = f64::max(end - start - 1.0, 1.0);
        let _ = write!(
            out,
            r#"<rect class="{class}" x="{start:.1}" y="{:.1}" width="{wide:.1}" height="{tall:.1}"/>"#,
            base - tall
        );
    }
}
