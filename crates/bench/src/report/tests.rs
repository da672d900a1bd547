//! Reports say what was measured, and pictures are well-formed.

use super::*;
use crate::workload::Kind;

fn report(name: &str) -> RunReport {
    let mut ack = Histogram::default();
    for micros in [800, 900, 1_000, 50_000] {
        ack.record(Duration::from_micros(micros));
    }
    RunReport {
        url: "http://127.0.0.1:1".to_owned(),
        client: Some(name.to_owned()),
        chain_id: 7,
        workload: Spec { kind: Kind::Mix, seed: 1, senders: 10, transactions: 100, zipf: 1.0 },
        transport: "http=1".to_owned(),
        pace: name.to_owned(),
        acknowledged: 4,
        sending_seconds: 2.0,
        acknowledged_per_second: 2.0,
        included_seconds: 4.0,
        included_per_second: 1.0,
        refused: 0,
        retried: 0,
        skipped: 0,
        given_up: 0,
        outages: 0,
        left: 96,
        ack: Latency::of(&ack),
        durable: None,
        receipt: Latency::of(&ack),
        samples_within_ms: 20,
        errors: BTreeMap::new(),
        check: Check {
            is_right: true,
            expected: 4,
            missing: 0,
            stuck: 0,
            unsettled_senders: 0,
            unsettled: Vec::new(),
            receipts: 4,
            receipts_misplaced: 0,
            receipts_failed: 0,
            receipts_missing: 0,
        },
        series: Series { part_ms: 100, acknowledged: vec![1, 0, 3] },
    }
}

/// Whether every element that is opened is closed, in order, and text has nothing that must be escaped.
fn is_well_formed(xml: &str) -> bool {
    let mut open = Vec::new();
    let mut rest = xml.trim_end();
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        let after = &rest[at + 1..];
        let Some(end) = after.find('>') else { return false };
        let tag = &after[..end];
        if text.contains('>') || tag.contains('<') || !tag.matches('"').count().is_multiple_of(2) {
            return false;
        }
        let entities = text.matches('&').count();
        let known = ["&lt;", "&gt;", "&amp;", "&quot;"];
        if entities != known.iter().map(|entity| text.matches(entity).count()).sum::<usize>() {
            return false;
        }
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or_default());
        }
        rest = &after[end + 1..];
    }
    open.is_empty() && rest.is_empty()
}

#[test]
fn pictures_are_well_formed() {
    assert!(!is_well_formed("<a><b></a></b>") && !is_well_formed("<a>&</a>"));
    for name in ["braid", "<b> & \"quotes\" \u{7}", ""] {
        let picture = svg(&report(name));
        assert!(is_well_formed(&picture), "{picture}");
        assert!(picture.contains("prefers-color-scheme:dark"));
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    }
}

#[test]
fn an_empty_run_has_a_picture() {
    let mut empty = report("nothing");
    empty.ack = None;
    empty.receipt = None;
    empty.series.acknowledged.clear();
    let picture = svg(&empty);
    assert!(is_well_formed(&picture), "{picture}");
    assert!(!picture.contains("NaN"), "{picture}");
}

#[test]
fn the_page_says_what_is_not_known() {
    let page = report("anvil").to_string();
    assert!(page.contains("the endpoint does not say what is durable"), "{page}");
    assert!(page.contains("each of the 4 acknowledged transactions is on the chain"), "{page}");
    let mut wrong = report("anvil");
    wrong.check.is_right = false;
    wrong.check.missing = 1;
    assert!(wrong.to_string().contains("check FAILED: 1 of 4"), "{wrong}");
}

#[test]
fn programs_read_the_same() {
    let json = serde_json::to_value(report("braid")).unwrap();
    assert_eq!(json["acknowledgedPerSecond"], 2.0);
    assert_eq!(json["workload"]["kind"], "mix");
    assert_eq!(json["durable"], serde_json::Value::Null);
    assert_eq!(json["ack"]["count"], 4);
    assert_eq!(json["check"]["isRight"], true);
}
