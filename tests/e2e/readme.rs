//! What the README, `docs/bridge.md` and the devnet's own page tell people to type works as it stands.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use eyre::{Result, WrapErr, bail, ensure, eyre};
use harness::{Devnet, Process, braid_binary, contracts, init};
use tokio::process::Command;

/// Free ports and nothing kept, so that tests do not meet each other.
const APART: &str = "--ephemeral --l1-port 0 --l2-port 0 --metrics-port 0";
const PATIENCE: Duration = Duration::from_secs(180);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The README's commands: the lines of its shell blocks, and those in the text.
fn commands() -> Result<Vec<String>> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let text = readme.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2));
    let in_text = text.filter(|code| code.starts_with("make ") || code.starts_with("target/"));
    Ok(blocks.flat_map(str::lines).chain(in_text).map(str::to_owned).collect())
}

#[tokio::test]
async fn every_command_of_the_readme_is_tried() -> Result<()> {
    let commands = commands()?;
    ensure!(commands.len() >= 6, "found only {commands:?}");
    for command in commands {
        if command.starts_with("make devnet") {
            make_devnet(&command).await?;
        } else if let "make test" | "make bench" | "make tsan" | "make random" = command.as_str() {
            // This test is part of the first, and the others take minutes: it is enough that make knows how.
            said(Command::new("make").arg("-n").args(command.split(' ').skip(1))).await?;
        } else if command == "make help" {
            let help = said(Command::new("make").arg("help")).await?;
            ensure!(help.contains("devnet") && help.contains("bench"), "{help}");
        } else if let Some(arguments) = command.strip_prefix("target/release/braid ") {
            let help = said(Command::new(braid_binary()?).args(arguments.split(' '))).await?;
            ensure!(help.contains("--ephemeral"), "{help}");
        } else {
            bail!("no test runs the README's `{command}`");
        }
    }
    Ok(())
}

/// What a command prints that ends at once, and well.
async fn said(command: &mut Command) -> Result<String> {
    let output = command.current_dir(root()).output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs the command with what keeps it apart added, and waits for it to be ready.
async fn make_devnet(command: &str) -> Result<()> {
    init();
    let given = command.split_once("ARGS=").map_or("", |(_, args)| args.trim_matches('"'));
    let more = if given.contains("--ephemeral") {
        APART.replace("--ephemeral ", "")
    } else {
        APART.to_owned()
    };
    let make =
        ["make", "--no-print-directory", "devnet", "PROFILE=dev", &format!("ARGS={given} {more}")];
    let unset = of_the_runner().flat_map(|name| ["-u".to_owned(), name]);
    let arguments: Vec<String> = unset.chain(make.map(str::to_owned)).collect();
    let mut process = Process::start_in(&root(), "make", Path::new("env"), &arguments)?;
    let line = loop {
        match process.line(PATIENCE).await? {
            Some(line) if line.trim().is_empty() => {}
            Some(line) => break line,
            None => bail!("{command} ended early:\n{}", process.logs().text()),
        }
    };
    let wanted = if given.contains("--json") { "\"rollupConfig\"" } else { "Braid devnet" };
    ensure!(line.contains(wanted), "{command} printed: {line}");
    // Only a terminal sends Ctrl-C to the whole group; make passes this one on.
    process.signal("TERM").await.wrap_err("make should still run")?;
    process.wait(PATIENCE).await?;
    Ok(())
}

/// What cargo and nextest tell a test in its environment. No user has it, and build scripts that look at it would run
/// again, under the feet of the tests that run what is built already.
fn of_the_runner() -> impl Iterator<Item = String> {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "NEXTEST"];
    std::env::vars().map(|(name, _)| name).filter(move |name| {
        name == "CARGO" || prefixes.iter().any(|prefix| name.starts_with(prefix))
    })
}

#[tokio::test]
async fn the_lines_to_copy_send_a_first_transaction() -> Result<()> {
    init();
    let arguments: Vec<String> = format!("devnet {APART}").split(' ').map(str::to_owned).collect();
    let mut process = Process::start("devnet", &braid_binary()?, &arguments)?;
    let mut lines = Vec::new();
    loop {
        let line = process.line(PATIENCE).await?.ok_or_else(|| eyre!("the devnet ended early"))?;
        let done = line.contains("Ctrl-C stops everything");
        lines.push(line);
        if done {
            break;
        }
    }
    for (tool, success) in [("cast", "1 (success)"), ("viem", "success"), ("curl", "\"result\"")] {
        let line = lines.iter().find_map(|line| line.trim().strip_prefix(tool));
        let line =
            line.ok_or_else(|| eyre!("no line for {tool} in:\n{}", lines.join("\n")))?.trim();
        let said = shell(line).await.wrap_err_with(|| line.to_owned())?;
        ensure!(said.contains(success), "{line}\nprinted:\n{said}");
    }
    process.terminate(PATIENCE).await?;
    Ok(())
}

#[tokio::test]
async fn the_recipes_of_the_bridge_work() -> Result<()> {
    let devnet = Devnet::ephemeral(&["--proposal-interval", "4", "--dispute-window", "10"]).await?;
    let page = std::fs::read_to_string(root().join("docs/bridge.md"))?;
    let blocks = page.split("```js\n").skip(1).filter_map(|rest| rest.split("```").next());
    let program = blocks.collect::<Vec<_>>().join("\n");
    // It lies beside the configuration, as in the data directory of a devnet that is kept.
    let info = devnet.info.rollup_config.with_file_name("devnet.json");
    let ran = Command::new("node")
        .args(["--input-type=module", "-e", &program])
        .current_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients"))
        .env("DEVNET", info)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, ran).await.wrap_err("the recipes hang")??;
    let said = String::from_utf8_lossy(&output.stdout);
    let done = ["deposit success", "forced success", "withdrawal success"];
    ensure!(
        output.status.success() && said.lines().eq(done),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    devnet.stop().await
}

/// Runs a line as a user would who has installed cast and viem.
async fn shell(line: &str) -> Result<String> {
    let cast = contracts("node_modules/@foundry-rs/cast-linux-amd64/bin").canonicalize()?;
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-c", line])
        .current_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients"))
        .env("PATH", format!("{}:{path}", cast.display()))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(said.into_owned())
}
