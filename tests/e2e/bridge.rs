//! `braid bridge` and `braid force` as users type them: ether and tokens both ways, forced transactions, and what is said
//! when something is not as it should be.

mod mistakes;

use std::{
    fs,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionReceipt,
    sol,
    sol_types::{SolCall, SolEvent, SolValue},
};
use bindings::{
    L2ToL1MessagePasser::initiateWithdrawalCall,
    OptimismMintableERC20Factory::{OptimismMintableERC20Created, createOptimismMintableERC20Call},
};
use eyre::{Result, WrapErr, ensure, eyre};
use harness::{Devnet, braid_binary, eventually, published_code};
use protocol::predeploys::{L2_TO_L1_MESSAGE_PASSER, OPTIMISM_MINTABLE_ERC20_FACTORY};
use serde_json::Value;
use tokio::process::Command;

use crate::support::{SOON, call, deploy, free_port, heads, send};

sol! {
    function balanceOf(address owner) external view returns (uint256);
}

/// Blocks between proposals, and seconds of the window: short, and long enough to be in between.
const DEVNET: [&str; 4] = ["--proposal-interval", "8", "--dispute-window", "12"];
/// A command that takes longer hangs.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(180);
/// Exit code of what has to be tried again later.
const LATER_CODE: i32 = 75;
const ETHER: u64 = 1_000_000_000_000_000_000;

/// A user with a key file and a terminal.
struct User {
    devnet: Devnet,
    folder: tempfile::TempDir,
    address: Address,
}

/// What a command said.
struct Said {
    code: i32,
    steps: Vec<Value>,
    stderr: String,
}

impl User {
    async fn new() -> Result<Self> {
        let devnet = Devnet::ephemeral(&DEVNET).await?;
        let folder = tempfile::tempdir()?;
        let account = &devnet.info.accounts[0];
        fs::write(folder.path().join("key"), format!("{}\n", account.private_key))?;
        let address = account.address;
        Ok(Self { devnet, folder, address })
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    fn command(&self, arguments: &str) -> Result<Command> {
        let mut command = Command::new(braid_binary()?);
        command
            .args(arguments.split_whitespace())
            .env("BRAID_L1_RPC", &self.devnet.info.l1.rpc)
            .env("BRAID_L2_RPC", &self.devnet.info.l2.rpc)
            .env("BRAID_KEY_FILE", self.key())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }

    /// Runs a command to its end and reads its lines.
    async fn run(&self, arguments: &str) -> Result<Said> {
        let output = self.command(&format!("{arguments} --json"))?.output();
        let output = tokio::time::timeout(COMMAND_TIME_MAX, output).await;
        Said::of(output.wrap_err_with(|| format!("{arguments} hangs"))??)
    }

    /// The same of a command that must succeed.
    async fn does(&self, arguments: &str) -> Result<Said> {
        let said = self.run(arguments).await?;
        ensure!(said.code == 0, "{arguments} ended with {}: {}", said.code, said.stderr);
        Ok(said)
    }

    async fn stage(&self, transaction: &str) -> Result<String> {
        let said = self.does(&format!("bridge status {transaction}")).await?;
        text(said.step("status")?, "stage")
    }

    /// Waits for the block after one that is proposed, so that seconds are left until the next one is.
    async fn after_a_proposal(&self, l2: &DynProvider) -> Result<()> {
        eventually("a block after one that is proposed", SOON, || async {
            Ok((heads(l2).await?.0 % 8 == 0).then_some(()))
        })
        .await
    }
}

impl Said {
    fn of(output: Output) -> Result<Self> {
        let stdout = String::from_utf8(output.stdout)?;
        let steps: Result<_, _> = stdout.lines().map(serde_json::from_str).collect();
        let stderr = String::from_utf8(output.stderr)?;
        let code = output.status.code().ok_or_else(|| eyre!("ended by a signal"))?;
        Ok(Self { code, steps: steps.wrap_err(stdout)?, stderr })
    }

    fn step(&self, name: &str) -> Result<&Value> {
        let found = self.steps.iter().find(|step| step["step"] == name);
        found.ok_or_else(|| eyre!("no step {name} in {:?}", self.steps))
    }
}

fn text(step: &Value, field: &str) -> Result<String> {
    Ok(step[field].as_str().ok_or_else(|| eyre!("no {field} in {step}"))?.to_owned())
}

fn hash(step: &Value, field: &str) -> Result<B256> {
    Ok(text(step, field)?.parse()?)
}

async fn receipt(node: &DynProvider, hash: B256) -> Result<TransactionReceipt> {
    node.get_transaction_receipt(hash).await?.ok_or_else(|| eyre!("no receipt of {hash}"))
}

/// What a transaction has cost in gas.
fn gas_paid(receipt: &TransactionReceipt) -> U256 {
    U256::from(receipt.gas_used) * U256::from(receipt.effective_gas_price)
}

#[tokio::test]
async fn ether_goes_to_l2_and_back_with_two_commands() -> Result<()> {
    let user = User::new().await?;
    let (l1, l2) = (user.devnet.l1()?, user.devnet.l2(0)?);
    let friend = Address::repeat_byte(0x51);

    let before = l1.get_balance(user.address).await?;
    let said = user.does(&format!("bridge deposit --amount 0.5ether --to {friend} --wait")).await?;
    let deposited = said.step("deposited")?;
    let paid = gas_paid(&receipt(&l1, hash(deposited, "l1Transaction")?).await?);
    let half = U256::from(ETHER / 2);
    assert_eq!(l1.get_balance(user.address).await?, before - half - paid);
    assert_eq!(l2.get_balance(friend).await?, half);
    let executed = said.step("executed")?;
    assert_eq!(executed["l2Transaction"], deposited["l2Transaction"]);
    assert_eq!(executed["success"], true);

    let before = l2.get_balance(user.address).await?;
    let said = user
        .does(&format!("bridge withdraw --amount 250000000gwei --to {friend} --follow"))
        .await?;
    let names: Vec<_> = said.steps.iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(names, ["sent", "initiated", "sent", "proven", "sent", "finalized"]);
    ensure!(said.stderr.contains("it is proven, and final in "), "{}", said.stderr);
    let quarter = U256::from(ETHER / 4);
    assert_eq!(l1.get_balance(friend).await?, quarter);
    let initiated = text(said.step("initiated")?, "l2Transaction")?;
    let left = l2.get_balance(user.address).await?;
    ensure!(left < before - quarter && left > before - quarter - U256::from(ETHER / 100));
    assert_eq!(said.step("finalized")?["success"], true);

    // Nothing is left to do, and nothing is paid twice.
    let said = user.does(&format!("bridge status {initiated}")).await?;
    let status = said.step("status")?;
    assert_eq!((&status["stage"], &status["success"]), (&"finalized".into(), &true.into()));
    for step in ["prove", "finalize", "finalize --follow"] {
        let said = user.does(&format!("bridge {step} {initiated}")).await?;
        assert_eq!(said.step("nothing")?["stage"], "finalized");
    }
    assert_eq!(l1.get_balance(friend).await?, quarter);
    user.devnet.stop().await
}

#[tokio::test]
async fn a_withdrawal_goes_step_by_step_and_is_taken_up_again() -> Result<()> {
    let user = User::new().await?;
    let (l1, l2) = (user.devnet.l1()?, user.devnet.l2(0)?);
    let friend = Address::repeat_byte(0x52);
    // The devnet's users have ether on L2 that nobody has deposited.
    let withdraw = format!("bridge withdraw --amount 7wei --to {friend}");
    let said = user.run(&withdraw).await?;
    ensure!(said.code == 1 && said.stderr.contains("would have to wait"), "{}", said.stderr);
    user.does("bridge deposit --amount 1ether --wait").await?;
    user.after_a_proposal(&l2).await?;
    let said = user.does(&withdraw).await?;
    let transaction = text(said.step("initiated")?, "l2Transaction")?;

    assert_eq!(user.stage(&transaction).await?, "waiting-to-prove");
    let said = user.run(&format!("bridge prove {transaction}")).await?;
    assert_eq!(said.code, LATER_CODE, "{}", said.stderr);
    ensure!(
        said.stderr.contains("the next proposal that covers it comes in about "),
        "{}",
        said.stderr
    );
    let said = user.run(&format!("bridge finalize {transaction}")).await?;
    ensure!(said.code == 1 && said.stderr.contains("is not proven"), "{}", said.stderr);

    eventually("a proposal", Duration::from_secs(60), || async {
        Ok((user.stage(&transaction).await? == "ready-to-prove").then_some(()))
    })
    .await?;
    user.does(&format!("bridge prove {transaction}")).await?.step("proven")?;
    let said = user.does(&format!("bridge status {transaction}")).await?;
    let status = said.step("status")?;
    assert_eq!(status["stage"], "waiting-to-finalize");
    ensure!(status["secondsLeft"].as_u64().is_some_and(|left| left <= 13), "{status}");
    let said = user.run(&format!("bridge finalize {transaction}")).await?;
    assert_eq!(said.code, LATER_CODE, "{}", said.stderr);
    ensure!(said.stderr.contains("it is final in "), "{}", said.stderr);

    // Somebody closes the terminal in the middle, and goes on later.
    let mut follow = user.command(&format!("bridge finalize --follow {transaction}"))?.spawn()?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    follow.kill().await?;
    assert_eq!(l1.get_balance(friend).await?, U256::ZERO);
    user.does(&format!("bridge finalize --follow {transaction}")).await?.step("finalized")?;
    assert_eq!(l1.get_balance(friend).await?, U256::from(7));
    user.devnet.stop().await
}

#[tokio::test]
async fn tokens_go_to_l2_and_back() -> Result<()> {
    let user = User::new().await?;
    let (l1, l2) = (user.devnet.l1_signer(0)?, user.devnet.l2(0)?);
    let code = published_code("@uniswap/v2-core/build/ERC20.json")?;
    let supply = U256::from(ETHER) * U256::from(1_000);
    let token = deploy(&l1, &code, &supply.abi_encode()).await?;
    let create = createOptimismMintableERC20Call {
        remoteToken: token,
        name: "Token".to_owned(),
        symbol: "TKN".to_owned(),
    };
    let made = send(&l2, call(OPTIMISM_MINTABLE_ERC20_FACTORY, create.abi_encode())).await?;
    let event = made
        .inner
        .logs()
        .iter()
        .find_map(|log| OptimismMintableERC20Created::decode_log(&log.inner).ok());
    let twin = event.ok_or_else(|| eyre!("the factory has said nothing"))?.localToken;
    let balance = async |node: &DynProvider, token: Address, owner: Address| -> Result<U256> {
        let output = node.call(call(token, balanceOfCall { owner }.abi_encode())).await?;
        Ok(U256::abi_decode(&output)?)
    };

    let deposit = format!("bridge deposit --token {token} --wait --amount");
    let said = user.run(&format!("{deposit} 1000.5tokens --l2-token {twin}")).await?;
    ensure!(said.code == 1 && said.stderr.contains("has 1000 tokens"), "{}", said.stderr);
    let said = user.run(&format!("{deposit} 1tokens --l2-token {token}")).await?;
    ensure!(said.code == 1 && said.stderr.contains("no contract at"), "{}", said.stderr);
    let weth = protocol::predeploys::WETH;
    let said = user.run(&format!("{deposit} 1tokens --l2-token {weth}")).await?;
    ensure!(said.code == 1 && said.stderr.contains("does not stand for"), "{}", said.stderr);

    let said = user.does(&format!("{deposit} 7.5tokens --l2-token {twin}")).await?;
    let leave = text(&said.steps[0], "what")?;
    ensure!(leave.contains("leave for the bridge to take 7.5 tokens"), "{leave}");
    let units = U256::from(ETHER / 2);
    assert_eq!(balance(&l2, twin, user.address).await?, units * U256::from(15));

    let friend = Address::repeat_byte(0x53);
    let withdraw = format!("bridge withdraw --token {twin} --amount 2.5tokens --to {friend}");
    user.does(&format!("{withdraw} --follow")).await?;
    assert_eq!(balance(&l1, token, friend).await?, units * U256::from(5));
    assert_eq!(balance(&l2, twin, user.address).await?, units * U256::from(10));
    user.devnet.stop().await
}

#[tokio::test]
async fn transactions_are_forced_through_l1() -> Result<()> {
    let user = User::new().await?;
    let l2 = user.devnet.l2(0)?;
    let friend = Address::repeat_byte(0x54);
    let said = user.does(&format!("force --to {friend} --value 7wei --wait")).await?;
    assert_eq!(l2.get_balance(friend).await?, U256::from(7));
    let deposited = said.step("deposited")?;
    assert_eq!(deposited["l2Transaction"], said.step("executed")?["l2Transaction"]);
    let window = deposited["l1BlockLatest"].as_u64().zip(deposited["l1Block"].as_u64());
    assert_eq!(window.map(|(latest, block)| latest - block), Some(41));

    // A creation, which needs no wallet that knows L2. Its code is one byte.
    let nonce = l2.get_transaction_count(user.address).await?;
    user.does("force --create --data 0x600160005360016000f3 --wait").await?;
    let code = l2.get_code_at(user.address.create(nonce)).await?;
    assert_eq!(code, Bytes::from(vec![1]));

    // Leaving without asking anybody.
    let leave =
        initiateWithdrawalCall { target: friend, gasLimit: U256::from(30_000), data: Bytes::new() };
    let leave = Bytes::from(leave.abi_encode());
    let said = user
        .does(&format!(
            "force --to {L2_TO_L1_MESSAGE_PASSER} --mint 1wei --value 1wei --data {leave} --wait"
        ))
        .await?;
    let stage = user.stage(&text(said.step("executed")?, "l2Transaction")?).await?;
    ensure!(stage.ends_with("-to-prove"), "{stage}");

    // Nobody on L2 is asked.
    let away = format!("http://127.0.0.1:{}", free_port()?);
    let config = user.devnet.info.rollup_config.display();
    let alone = format!(
        "force --l2-rpc {away} --rollup-config {config} --to {friend} --mint 5wei --value 5wei"
    );
    let said = user.run(&alone).await?;
    ensure!(said.code == 1 && said.stderr.contains("give it with --gas"), "{}", said.stderr);
    user.does(&format!("{alone} --gas 21000")).await?;
    eventually("the forced transaction", SOON, || async {
        Ok((l2.get_balance(friend).await? == U256::from(12)).then_some(()))
    })
    .await?;

    // What fails on L2 is not called done.
    let rich = format!("force --to {friend} --value 1000000ether --wait");
    let said = user.run(&rich).await?;
    ensure!(said.code == 1 && said.steps.is_empty(), "{}", said.stderr);
    let said = user.run(&format!("{rich} --gas 21000")).await?;
    ensure!(said.code == 1 && said.stderr.contains("failed on L2"), "{}", said.stderr);
    assert_eq!(said.step("executed")?["success"], false);
    let said = user.run(&format!("force --to {friend} --gas 20999")).await?;
    ensure!(said.stderr.contains("OptimismPortal_GasLimitTooLow"), "{}", said.stderr);
    user.devnet.stop().await
}
