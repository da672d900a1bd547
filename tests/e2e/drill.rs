//! `braid devnet --drill`: a lie is told on L1 and defeated by a verifier as anybody runs it, in real processes.

use std::time::Duration;

use eyre::{Result, ensure};
use harness::{Process, braid_binary, init};

/// What the drill takes at most on a busy machine; it ends by itself before.
const PATIENCE: Duration = Duration::from_secs(900);

/// Plays lies to the end; the events in order.
async fn drill(arguments: &[&str]) -> Result<Vec<String>> {
    init();
    let fixed = ["devnet", "--json", "--l1-port", "0", "--l2-port", "0", "--metrics-port", "0"];
    let arguments: Vec<String> = fixed.iter().chain(arguments).map(|s| (*s).to_owned()).collect();
    let mut process = Process::start("drill", &braid_binary()?, &arguments)?;
    let mut events = Vec::new();
    while let Some(line) = process.line(PATIENCE).await? {
        let told: serde_json::Value = serde_json::from_str(&line)?;
        events.push(told["event"].as_str().unwrap_or_default().to_owned());
    }
    let status = process.wait(PATIENCE).await?;
    ensure!(status.success(), "{status}\n{events:?}\n{}", process.logs().text());
    Ok(events)
}

/// The first place of an event.
fn place(events: &[String], event: &str) -> usize {
    let found = events.iter().position(|told| told == event);
    found.unwrap_or_else(|| panic!("{event} was not told: {events:?}"))
}

/// All places of an event.
fn places(events: &[String], event: &str) -> Vec<usize> {
    (0..events.len()).filter(|at| events[*at] == event).collect()
}

#[tokio::test]
async fn a_false_state_root_falls_and_the_truth_is_final() -> Result<()> {
    let events = drill(&["--drill", "state-root"]).await?;
    let story = ["forged", "proposed", "disputed", "met", "moved", "sealed", "won"];
    let mut last = 0;
    for event in story.into_iter().chain(["removed", "replaced", "true", "bonds", "end"]) {
        let at = place(&events, event);
        ensure!(at >= last, "{event} came too early: {events:?}");
        last = at;
    }
    // What is won in an inner tournament may be paid out before the list is settled.
    let paid = events.iter().rposition(|event| event == "paid");
    let is_paid_in_time = paid.is_some_and(|at| at < place(&events, "true"));
    ensure!(is_paid_in_time && place(&events, "credited") < paid.unwrap_or_default(), "{events:?}");
    // One tournament for each level, and a step at the end.
    ensure!(events.iter().filter(|event| *event == "opened").count() == 3, "{events:?}");
    ensure!(events.iter().filter(|event| *event == "won").count() == 3, "{events:?}");
    Ok(())
}

/// An honest proposal that two liars dispute, one with a lie and one who plays for the truth with a false run.
#[tokio::test]
async fn a_true_proposal_survives_whoever_disputes_it() -> Result<()> {
    let lies = "forged-withdrawal,perjured-strides";
    let events = drill(&["--drill", lies, "--drill-challenge"]).await?;
    ensure!(place(&events, "defended") < place(&events, "true"), "{events:?}");
    ensure!(!events.iter().any(|event| event == "removed"), "{events:?}");
    Ok(())
}

/// The verifier is a process of its own, and SIGKILL takes it at six moments from the first move to the last.
#[tokio::test]
async fn the_truth_wins_though_its_verifier_is_killed_again_and_again() -> Result<()> {
    let events = drill(&["--drill", "state-root", "--drill-restart"]).await?;
    let fate = ["killed", "restarted"];
    let told = events.iter().map(String::as_str).filter(|event| fate.contains(event));
    ensure!(told.eq(fate.repeat(6)), "{events:?}");
    let mut last = 0;
    for event in ["disputed", "killed", "restarted", "sealed", "won", "replaced", "true", "end"] {
        let at = place(&events, event);
        ensure!(at >= last, "{event} came too early: {events:?}");
        last = at;
    }
    // In the midst of each level, and after the last match is won.
    let openings = places(&events, "opened");
    let kills = places(&events, "killed");
    ensure!(openings.len() == 3, "{events:?}");
    ensure!(kills[1] < openings[1] && openings[1] < kills[2], "{events:?}");
    ensure!(kills[2] < openings[2] && openings[2] < kills[3], "{events:?}");
    ensure!(place(&events, "credited") < kills[5], "{events:?}");
    Ok(())
}

#[tokio::test]
async fn the_kinds_of_lie_are_listed() -> Result<()> {
    init();
    let arguments = ["devnet", "--drill", "list"].map(str::to_owned);
    let mut process = Process::start("list", &braid_binary()?, &arguments)?;
    let mut kinds = 0;
    while process.line(PATIENCE).await?.is_some() {
        kinds += 1;
    }
    ensure!(kinds >= 20, "{kinds} kinds of lie");
    ensure!(process.wait(PATIENCE).await?.success(), "{}", process.logs().text());
    Ok(())
}
