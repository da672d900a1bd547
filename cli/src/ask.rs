//! `braid verifier status|games|explain`: what a running verifier knows, for who sits at a terminal.
//!
//! Reads `GET /status` of the verifier and says it in words; `--json` hands on what it answered. Not here: anything that is
//! not on that page. Exit code 1 if the verifier cannot be asked, or does not know the game.

use std::{fmt::Write, time::Duration};

use alloy::primitives::{Address, utils::format_ether};
use dispute::{GameSummary, explain};
use eyre::{Result, WrapErr, ensure, eyre};
use serde::Deserialize;
use serde_json::Value;

use crate::args::{Question, VerifierDoor};

/// A verifier answers from memory; one that takes longer is not there.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);

/// What of the page is said here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    l1_processed: Place,
    l1_head: Option<Place>,
    head: Place,
    finalized: Place,
    synced: bool,
    agreed_to: Option<u64>,
    proposals_pending: usize,
    proposals_underivable: Vec<u64>,
    disagreements: Vec<Wrong>,
    games: Vec<GameSummary>,
}

#[derive(Debug, Deserialize)]
struct Place {
    number: u64,
}

/// A proposal that is wrong.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wrong {
    proposal: u64,
    l2_block: u64,
    proposer: Address,
}

/// Asks and prints.
#[expect(clippy::print_stdout, reason = "what the command is for; logs go to stderr")]
pub(crate) async fn run(question: Question) -> Result<()> {
    let (door, of): (&VerifierDoor, fn(&Page) -> String) = match &question {
        Question::Status { door } => (door, status),
        Question::Games { door } | Question::Explain { door, .. } => (door, games),
    };
    let answer = ask(&door.url).await?;
    let page: Page = serde_json::from_value(answer.clone())
        .wrap_err_with(|| format!("what {} says is no verifier's page", door.url))?;
    let text = match (&question, door.json) {
        (Question::Explain { proposal, door }, json) => {
            let found = page.games.iter().find(|game| game.proposal == *proposal);
            let found = found.ok_or_else(|| {
                eyre!("the verifier at {} knows no game about proposal {proposal}", door.url)
            })?;
            if json { serde_json::to_string(found)? } else { explain(found) }
        }
        (Question::Games { .. }, true) => answer["games"].to_string(),
        (_, true) => answer.to_string(),
        (_, false) => of(&page),
    };
    println!("{}", text.trim_end());
    Ok(())
}

async fn ask(url: &str) -> Result<Value> {
    let client = reqwest::Client::builder().timeout(ANSWER_WAIT_MAX).build()?;
    let page = format!("{}/status", url.trim_end_matches('/'));
    let answer = client.get(&page).send().await;
    let answer = answer.wrap_err_with(|| format!("no verifier answers at {page}"))?;
    ensure!(answer.status().is_success(), "{page} answers {}: it is starting", answer.status());
    answer.json().await.wrap_err_with(|| format!("what {page} says is no JSON"))
}

/// Where it stands, and what it thinks of the proposals.
fn status(page: &Page) -> String {
    let behind = match &page.l1_head {
        Some(head) => format!("of {}", head.number),
        None => "and knows no newer".to_owned(),
    };
    let mut text = format!(
        "Derived to block {}, final to {}, from L1 to block {} {behind}: {}.\n",
        page.head.number,
        page.finalized.number,
        page.l1_processed.number,
        if page.synced { "up to date" } else { "catching up" },
    );
    text += &match page.agreed_to {
        Some(block) => format!("All proposals to block {block} are true; "),
        None => "No proposal was judged; ".to_owned(),
    };
    text += &match page.proposals_pending {
        0 => "none waits.\n".to_owned(),
        count => format!("waiting to be judged: {count}.\n"),
    };
    for wrong in &page.disagreements {
        let Wrong { proposal, l2_block, proposer } = wrong;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "WRONG: the proposal at place {proposal}, for block {l2_block} by {proposer}."
        );
    }
    for place in &page.proposals_underivable {
        let _ = writeln!(
            text,
            "SUSPECT: the proposal at place {place} cannot be judged; what it begins after may not follow from L1."
        );
    }
    text + &games(page)
}

/// A line for each proposal that is disputed or should be.
fn games(page: &Page) -> String {
    if page.games.is_empty() {
        return "No disputes.\n".to_owned();
    }
    let mut text = String::new();
    for game in &page.games {
        let truth = match game.is_true {
            Some(true) => "true",
            Some(false) => "wrong",
            None => "not judged",
        };
        let stage = match (game.tournament, game.concluded, game.joined) {
            (None, _, _) => "not disputed".to_owned(),
            (_, true, _) => "over".to_owned(),
            (_, _, true) => format!("we play, {} ETH at stake", format_ether(game.stake)),
            (_, _, false) => "others play".to_owned(),
        };
        let clock = match game.our_time() {
            Some(left) => format!(", {left} s to move"),
            None => String::new(),
        };
        let _ = writeln!(
            text,
            "Proposal {} for block {}: {truth}, {stage}, {} open matches{clock}.",
            game.proposal,
            game.l2_block,
            game.matches.len()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(games: &Value) -> Page {
        let place = |number: u64| json!({ "number": number, "hash": "0x" });
        serde_json::from_value(json!({
            "l1Processed": place(80), "l1Head": place(81), "head": place(120), "finalized": place(90),
            "synced": true, "agreedTo": 112, "proposalsPending": 1, "proposalsUnderivable": [9],
            "firstBadBlock": 128, "disagreements": [{
                "proposal": 8, "l2Block": 128, "proposer": Address::repeat_byte(7),
            }],
            "games": games,
        }))
        .unwrap()
    }

    #[test]
    fn a_page_is_said_in_words() {
        let text = status(&page(&json!([])));
        assert!(text.starts_with(
            "Derived to block 120, final to 90, from L1 to block 80 of 81: up to date.\n\
             All proposals to block 112 are true; waiting to be judged: 1.\n\
             WRONG: the proposal at place 8, for block 128 by 0x0707"
        ));
        assert!(text.contains("SUSPECT: the proposal at place 9 cannot be judged"), "{text}");
        assert!(text.ends_with("No disputes.\n"), "{text}");
    }

    #[test]
    fn a_game_is_one_line() {
        let game = json!([{
            "proposal": 3, "index": 2, "l2Block": 128, "proposer": Address::repeat_byte(7),
            "isTrue": false, "tournament": alloy::primitives::B256::repeat_byte(1),
            "joinableUntil": 5, "concluded": false, "waiting": null, "joined": true,
            "stake": "0x16345785d8a0000", "next": ["advance"], "matches": [{
                "id": alloy::primitives::B256::repeat_byte(2), "level": "segments",
                "phase": "bisecting", "position": 0, "height": 15, "ours": true,
                "turnOfTwo": true, "leftOne": 60, "leftTwo": 41,
            }],
        }]);
        let text = games(&page(&game));
        let expected = "Proposal 3 for block 128: wrong, we play, 0.100000000000000000 ETH at stake, 1 open matches, 41 s to move.\n";
        assert_eq!(text, expected);
    }
}
