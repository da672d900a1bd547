//! What users are told when something is wrong: with what they have typed, with the nodes they ask, or between these.

use std::{fs, time::Duration};

use alloy::primitives::{Address, B256};
use eyre::{Result, ensure};
use harness::eventually;
use serde_json::Value;

use super::{LATER_CODE, User, text};
use crate::support::{send, transfer};

/// Exit code of a contradiction.
const CONTRADICTION_CODE: i32 = 3;

#[tokio::test]
async fn mistakes_are_explained() -> Result<()> {
    let user = User::new().await?;
    let friend = Address::repeat_byte(0x55);
    let fails = async |arguments: String, words: &str| -> Result<()> {
        let said = user.run(&arguments).await?;
        let is_clear = said.code == 1 && said.stderr.contains(words) && said.steps.is_empty();
        ensure!(is_clear, "{arguments}: {} {:?} {}", said.code, said.steps, said.stderr);
        Ok(())
    };
    let unknown = B256::repeat_byte(9);
    for command in ["status", "prove", "finalize", "finalize --follow"] {
        fails(format!("bridge {command} {unknown}"), "L2 knows no transaction").await?;
    }
    let l2 = user.devnet.l2(0)?;
    let other = send(&l2, transfer(friend, 1)).await?.transaction_hash;
    fails(format!("bridge status {other}"), "has initiated no withdrawal").await?;

    let deposit = "bridge deposit --amount";
    fails(format!("{deposit} 1 --key-file nowhere"), "cannot read the key file nowhere").await?;
    let torn = user.folder.path().join("torn");
    fs::write(&torn, "ac0974bec39a17e36ba4a6b4d238ff944bacb478")?;
    let torn = torn.display();
    fails(format!("{deposit} 1 --key-file {torn}"), "does not hold a private key").await?;
    fails(format!("{deposit} 0"), "a deposit of nothing").await?;
    fails(format!("{deposit} 1tokens"), "not one of ether").await?;
    fails(format!("{deposit} 999999999ether"), "cannot simulate the deposit").await?;

    // The wrong node, and the right one of another chain.
    let l2 = &user.devnet.info.l2.rpc;
    fails(format!("{deposit} 1 --l1-rpc {l2}"), "L1 chain id is 901, the configuration says 900")
        .await?;
    let l1 = &user.devnet.info.l1.rpc;
    fails(format!("{deposit} 1 --l2-rpc {l1}"), "name one with --rollup-config").await?;
    let mut config: Value =
        serde_json::from_str(&fs::read_to_string(&user.devnet.info.rollup_config)?)?;
    config["contracts"]["portal"] = friend.to_string().into();
    let moved = user.folder.path().join("moved.json");
    fs::write(&moved, config.to_string())?;
    let moved = moved.display();
    fails(format!("{deposit} 1 --rollup-config {moved}"), "there is no contract at").await?;

    let refused = user.run("bridge deposit --amount 1e18").await?;
    ensure!(refused.code == 2 && refused.stderr.contains("is not an amount"), "{}", refused.stderr);
    user.devnet.stop().await
}

#[tokio::test]
async fn a_node_of_another_chain_is_not_paid_for() -> Result<()> {
    // Two devnets have the same chain ids, and their contracts the same addresses; only what was proposed differs.
    let (user, other) = tokio::try_join!(User::new(), User::new())?;
    user.does("bridge deposit --amount 1ether --wait").await?;
    let said = user.does("bridge withdraw --amount 1wei").await?;
    let transaction = text(said.step("initiated")?, "l2Transaction")?;
    let l1 = &other.devnet.info.l1.rpc;
    let said = eventually("a proposal on the other L1", Duration::from_secs(60), || async {
        let said = user.run(&format!("bridge prove {transaction} --l1-rpc {l1}")).await?;
        Ok((said.code != LATER_CODE).then_some(said))
    })
    .await?;
    let is_clear = said.code == CONTRADICTION_CODE && said.steps.is_empty();
    ensure!(is_clear && said.stderr.contains("L2 contradicts L1"), "{} {}", said.code, said.stderr);
    user.devnet.stop().await?;
    other.devnet.stop().await
}
