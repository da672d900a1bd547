//! Says how far a withdrawal has come, and what is next.

use alloy::hex;
use eyre::Result;
use serde_json::{Value, json};

use super::{
    amount,
    args::WhichArgs,
    console::Console,
    facts,
    link::Link,
    stage::{Facts, Stage},
    wait::words,
    withdrawals::{self, Initiated},
};

pub(crate) async fn run(link: &Link, which: &WhichArgs, console: &mut Console) -> Result<()> {
    let initiated = withdrawals::find(link.l2().await?, which).await?;
    let facts = facts::read(link, &initiated, link.terms().await?).await?;
    let text = text(&initiated, &facts, which);
    console.step("status", &text, fields(&initiated, &facts));
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
