//! Says how far a withdrawal has come, and what is next.

use alloy::hex;
use eyre::Result;
use serde_json::{Value, json};

use super::{
    amount,
    args::WhichArgs,
    console::Console,
    facts,
    finalize::{self, Outcome},
    link::Link,
    stage::{Facts, Stage},
    wait::words,
    withdrawals::{self, Initiated},
};

pub(crate) async fn run(link: &Link, which: &WhichArgs, console: &mut Console) -> Result<()> {
    let initiated = withdrawals::find(link.l2().await?, which).await?;
    let facts = facts::read(link, &initiated, link.terms().await?).await?;
    let mut text = text(&initiated, &facts, which);
    let mut fields = fields(&initiated, &facts);
    if facts.finalized {
        // Some nodes do not search as far back.
        match finalize::look_up(link, &initiated).await {
            Ok(outcome) => {
                text = format!("{text}\n{}", outcome.words().trim_end_matches(','));
                fields["success"] = (outcome == Outcome::Paid).into();
            }
            Err(error) => text = format!("{text}\nhow that went is not known: {error:#}"),
        }
    }
    console.step("status", &text, fields);
    Ok(())
}

fn text(initiated: &Initiated, facts: &Facts, which: &WhichArgs) -> String {
    let stage = facts.stage();
    let value = amount::ether(initiated.withdrawal.value);
    let first =
        format!("{}: {} ({value} to {})", stage.name(), stage.words(), initiated.withdrawal.target);
    let Some(next) = stage.next() else { return first };
    let index = which.index.map_or_else(String::new, |index| format!(" --index {index}"));
    let when = match stage.left() {
        Some(0) => "as soon as it comes".to_owned(),
        Some(left) => format!("in {}", words(left)),
        None => "now".to_owned(),
    };
    format!("{first}\nnext, {when}: braid bridge {next} {}{index}", initiated.transaction)
}

fn fields(initiated: &Initiated, facts: &Facts) -> Value {
    let stage = facts.stage();
    let withdrawal = &initiated.withdrawal;
    let proposal = match stage {
        Stage::ReadyToProve { proposal, .. } => Some(proposal),
        _ => None,
    };
    json!({
        "stage": stage.name(),
        "secondsLeft": stage.left(),
        "next": stage.next(),
        "proposal": proposal,
        "success": null,
        "withdrawalHash": initiated.hash,
        "l2Transaction": initiated.transaction,
        "l2Block": initiated.block,
        "withdrawal": {
            "nonce": withdrawal.nonce,
            "sender": withdrawal.sender,
            "target": withdrawal.target,
            "value": withdrawal.value.to_string(),
            "gasLimit": withdrawal.gas_limit.to_string(),
            "data": hex::encode_prefixed(&withdrawal.data),
        },
    })
}
