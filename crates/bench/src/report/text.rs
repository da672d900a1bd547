//! The page for people.

use std::fmt;

use super::{Latency, RunReport};

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = &self.workload;
        let client = self.client.as_deref().unwrap_or("unknown client");
        writeln!(f, "{} at {}, chain {}", client, self.url, self.chain_id)?;
        let zipf = if spec.zipf > 0.0 { format!(", Zipf {}", spec.zipf) } else { String::new() };
        writeln!(
            f,
            "{} of {} senders{zipf}, by {}, {}\n",
            spec.kind.name(),
            spec.senders,
            self.transport,
            self.pace
        )?;
        writeln!(
            f,
            "  acknowledged   {:>12}   {:>10.0}/s",
            self.acknowledged, self.acknowledged_per_second
        )?;
        let included = self.check.expected - self.check.missing;
        writeln!(f, "  in blocks      {included:>12}   {:>10.0}/s", self.included_per_second)?;
        for (name, count) in [
            ("refused", self.refused),
            ("sent again", self.retried),
            ("not sent", self.skipped),
            ("given up", self.given_up),
            ("outages", self.outages),
            ("left in file", self.left),
        ] {
            if count > 0 {
                writeln!(f, "  {name:<14} {count:>12}")?;
            }
        }
        self.latencies(f)?;
        self.failures(f)?;
        self.verdict(f)
    }
}

impl RunReport {
    fn latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n  latency, ms     {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "min", "p50", "p90", "p99", "p99.9", "max", "of"
        )?;
        let row =
            |f: &mut fmt::Formatter<'_>, name: &str, latency: &Option<Latency>, none: &str| {
                let Some(latency) = latency else { return writeln!(f, "  {name:<14} {none}") };
                write!(f, "  {name:<14}")?;
                let Latency { min_ms, p50_ms, p90_ms, p99_ms, p999_ms, max_ms, .. } = latency;
                for value in [min_ms, p50_ms, p90_ms, p99_ms, p999_ms, max_ms] {
                    write!(f, " {value:>9.2}")?;
                }
                writeln!(f, " {:>9}", latency.count)
            };
        row(f, "acknowledged", &self.ack, "  nothing was acknowledged")?;
        row(f, "durable", &self.durable, "  the endpoint does not say what is durable")?;
        row(f, "receipt", &self.receipt, "  no sample has a receipt")?;
        writeln!(
            f,
            "  durable and receipt are of samples, asked for every {} ms",
            self.samples_within_ms
        )
    }

    fn failures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.errors.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n  errors")?;
        for (code, error) in &self.errors {
            writeln!(f, "  {code:<14} {:>12}   {}", error.count, error.example)?;
        }
        Ok(())
    }

    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = &self.check;
        writeln!(f)?;
        if check.is_right {
            writeln!(
                f,
                "  check: each of the {} acknowledged transactions is on the chain, once and in the order of its sender",
                check.expected
            )?;
        } else {
            writeln!(
                f,
                "  check FAILED: {} of {} acknowledged transactions are missing; {} senders have another nonce, {} receipts are out of place",
                check.missing, check.expected, check.unsettled_senders, check.receipts_misplaced
            )?;
            for one in &check.unsettled {
                writeln!(f, "    {} has nonce {}, not {}", one.sender, one.found, one.expected)?;
            }
        }
        if check.stuck > 0 {
            writeln!(f, "  {} more wait for one before them that was refused", check.stuck)?;
        }
        writeln!(
            f,
            "  receipts: {} looked at, {} failed, {} not there in time",
            check.receipts, check.receipts_failed, check.receipts_missing
        )
    }
}
