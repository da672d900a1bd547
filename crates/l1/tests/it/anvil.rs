//! Anvil starts, keeps its state, and never outlives its owner.

use std::{path::Path, process::Command, time::Duration};

use alloy::{eips::BlockNumberOrTag, providers::Provider};
use l1::anvil::{Anvil, AnvilError, AnvilOptions, Hardfork, Mining};

use crate::harness::{L1, OWNER, soon};

fn is_alive(process: u32) -> bool {
    // A process that nobody has reaped yet is dead too.
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

async fn wait_for_end(process: u32) {
    soon(async {
        while is_alive(process) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn stop_writes_the_state_and_a_restart_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("l1.json");
    let options = AnvilOptions { state: Some(state.clone()), ..AnvilOptions::default() };
    let first = L1::start_with(options.clone()).await;
    first.mine(5).await;
    let hash = first.client.header(BlockNumberOrTag::Number(3)).await.unwrap().hash;
    let process = first.anvil.process_id();
    first.anvil.stop().await.unwrap();
    assert!(!is_alive(process));
    assert!(state.metadata().unwrap().len() > 0);

    let second = L1::start_with(options).await;
    assert_eq!(second.head().await, 5);
    assert_eq!(second.client.header(BlockNumberOrTag::Number(3)).await.unwrap().hash, hash);
    second.client.nonce_at(OWNER, hash).await.unwrap();
}

#[tokio::test]
async fn dropping_it_kills_it() {
    let anvil = Anvil::spawn(AnvilOptions::default()).await.unwrap();
    let process = anvil.process_id();
    assert!(is_alive(process));
    drop(anvil);
    wait_for_end(process).await;
}

#[tokio::test]
async fn a_killed_owner_takes_it_along() {
    const OWNER_OF_ANVIL: &str = "BRAID_TEST_OWNS_ANVIL";
    if let Some(file) = std::env::var_os(OWNER_OF_ANVIL) {
        let anvil = Anvil::spawn(AnvilOptions::default()).await.unwrap();
        std::fs::write(Path::new(&file), anvil.process_id().to_string()).unwrap();
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("process");
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["anvil::a_killed_owner_takes_it_along", "--exact"])
        .env(OWNER_OF_ANVIL, &file)
        .spawn()
        .unwrap();
    let process = soon(async {
        loop {
            let written = std::fs::read_to_string(&file).unwrap_or_default();
            if let Ok(process) = written.parse::<u32>() {
                return process;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert!(is_alive(process));
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_for_end(process).await;
}

#[tokio::test]
async fn what_it_says_before_dying_is_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("broken.json");
    std::fs::write(&state, "not json").unwrap();
    let options = AnvilOptions { state: Some(state), ..AnvilOptions::default() };
    let error = Anvil::spawn(options).await.unwrap_err();
    let AnvilError::EndedEarly { words } = &error else { panic!("{error:?}") };
    assert!(!words.trim().is_empty());
    let binary = Some("/nowhere/anvil".into());
    let error = Anvil::spawn(AnvilOptions { binary, ..AnvilOptions::default() }).await.unwrap_err();
    assert!(matches!(error, AnvilError::EndedEarly { .. } | AnvilError::Spawn { .. }), "{error:?}");
}

#[tokio::test]
async fn interval_mining_makes_blocks_by_itself() {
    let options = AnvilOptions {
        mining: Mining::Mixed { seconds: 1 },
        hardfork: Hardfork::Osaka,
        ..AnvilOptions::default()
    };
    let l1 = L1::start_with(options).await;
    let start = l1.head().await;
    soon(async {
        while l1.head().await < start + 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let first = l1.client.header(BlockNumberOrTag::Number(start + 1)).await.unwrap();
    let second = l1.client.header(BlockNumberOrTag::Number(start + 2)).await.unwrap();
    // Not "by one": on a busy machine anvil comes late, and its blocks carry the time at which it came.
    assert!(second.timestamp > first.timestamp, "{} {}", first.timestamp, second.timestamp);
    assert_eq!(l1.client.provider().get_chain_id().await.unwrap(), 900);
}
