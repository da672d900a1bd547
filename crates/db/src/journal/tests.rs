//! The journal against a real server: order, fencing, unknown outcomes, cuts, damage.

use std::time::Duration;

use alloy_primitives::Bytes;

use super::*;
use crate::{
    Classify, Cluster, ClusterOptions, Database, DatabaseOptions, Severity,
    lease::{Acquisition, Leases, Role},
    testing::TestDatabase,
};

pub(crate) async fn lead(test: &TestDatabase, holder: &str) -> Fence {
    let leases = Leases::new(test.database.clone());
    match leases.acquire(Role::Sequencer, holder, Duration::ZERO).await.unwrap() {
        Acquisition::Acquired(fence) => fence,
        Acquisition::Held(holder) => panic!("held by {holder:?}"),
    }
}

fn sub_block(block: u64, index: u32, transactions: &[&[u8]]) -> SubBlock {
    let opening = (index == 0).then(|| Bytes::from_static(b"opening"));
    SubBlock::new(Position { block, index }, opening, transactions).unwrap()
}

#[tokio::test]
async fn rows_come_back_in_order() {
    let test = TestDatabase::create().await;
    let fence = lead(&test, "a").await;
    let mut journal = Journal::new(test.database.clone());
    let reader = JournalReader::new(test.database.clone());
    assert_eq!(reader.tail().await.unwrap(), None);
    let mut written = Vec::new();
    for block in 1..=3 {
        for index in 0..4 {
            let row = sub_block(block, index, &[b"first", &[index.to_be_bytes()[3]; 300], b""]);
            assert_eq!(journal.append(fence, &row).await.unwrap(), Appended::Written);
            written.push(row);
        }
    }
    assert_eq!(reader.tail().await.unwrap(), Some(Position { block: 3, index: 3 }));
    let start = Position { block: 1, index: 0 };
    assert_eq!(reader.rows(start, 100).await.unwrap(), written);
    let middle = Position { block: 2, index: 1 };
    assert_eq!(reader.rows(middle, 2).await.unwrap(), written[5..7]);
    assert_eq!(reader.block(2).await.unwrap(), written[4..8]);
    assert_eq!(reader.block(9).await.unwrap(), []);
    let bytes = |rows: &[SubBlock]| rows.iter().map(|row| row.payload.len()).sum::<usize>();
    assert_eq!(reader.payload_bytes_above(0).await.unwrap(), bytes(&written));
    assert_eq!(reader.payload_bytes_above(2).await.unwrap(), bytes(&written[8..]));
    assert_eq!(reader.payload_bytes_above(9).await.unwrap(), 0);
    let transactions = |block| {
        let rows = written.iter().filter(move |row| row.position.block == block);
        rows.map(|row| row.transactions().unwrap().len() as u64).sum::<u64>()
    };
    for block in [1, 2, 3, 9] {
        assert_eq!(reader.transaction_count(block).await.unwrap(), transactions(block), "{block}");
    }
    assert_eq!(written[0].transactions().unwrap().len(), 3);
}

#[tokio::test]
async fn only_the_next_row_fits() {
    let test = TestDatabase::create().await;
    let fence = lead(&test, "a").await;
    let mut journal = Journal::new(test.database.clone());
    let expect = async |journal: &mut Journal, row: SubBlock, block, index| {
        let error = journal.append(fence, &row).await.unwrap_err();
        assert_eq!(error.severity(), Severity::Reset);
        let JournalError::NotNext { expected, .. } = error else { panic!("{error}") };
        assert_eq!(expected, Position { block, index });
    };
    expect(&mut journal, sub_block(2, 0, &[]), 1, 0).await;
    expect(&mut journal, sub_block(1, 1, &[]), 1, 0).await;
    journal.append(fence, &sub_block(1, 0, &[])).await.unwrap();
    expect(&mut journal, sub_block(1, 2, &[]), 1, 1).await;
    expect(&mut journal, sub_block(3, 0, &[]), 1, 1).await;
    expect(&mut journal, sub_block(2, 1, &[]), 1, 1).await;
    journal.append(fence, &sub_block(2, 0, &[])).await.unwrap();
    // Block 1 is over.
    expect(&mut journal, sub_block(1, 1, &[]), 2, 1).await;

    let position = Position { block: 2, index: 1 };
    let misplaced = SubBlock { opening: Some(Bytes::new()), ..sub_block(2, 1, &[]) };
    assert!(matches!(
        journal.append(fence, &misplaced).await,
        Err(JournalError::Invalid { position: found }) if found == position
    ));
    assert!(SubBlock::new::<&[u8]>(Position { block: 3, index: 0 }, None, &[]).is_err());
}

#[tokio::test]
async fn a_repeated_append_is_recognized_and_a_different_row_is_refused() {
    let test = TestDatabase::create().await;
    let fence = lead(&test, "a").await;
    let mut journal = Journal::new(test.database.clone());
    let row = sub_block(1, 0, &[b"transaction"]);
    assert_eq!(journal.append(fence, &row).await.unwrap(), Appended::Written);
    assert_eq!(journal.append(fence, &row).await.unwrap(), Appended::AlreadyThere);
    let other = sub_block(1, 0, &[b"another"]);
    assert!(matches!(journal.append(fence, &other).await, Err(JournalError::Conflict(_))));
    // A later leader's same bytes are not our row, and our row stays durable when we are deposed.
    let next = lead(&test, "b").await;
    assert_eq!(journal.append(fence, &row).await.unwrap(), Appended::AlreadyThere);
    assert!(matches!(journal.append(next, &row).await, Err(JournalError::Conflict(_))));
}

#[tokio::test]
async fn a_lost_connection_leaves_the_outcome_open_and_repeating_settles_it() {
    let test = TestDatabase::create().await;
    let fence = lead(&test, "a").await;
    let mut journal = Journal::new(test.database.clone());
    for index in 0..10 {
        let row = sub_block(1, index, &[&[7; 100_000]]);
        // Every second time the row is there already when the connection dies, as if the answer had been lost.
        if index % 2 == 0 {
            journal.append(fence, &row).await.unwrap();
        }
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .execute(test.database.pool())
        .await
        .unwrap();
        let error = journal.append(fence, &row).await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        let expected = if index % 2 == 0 { Appended::AlreadyThere } else { Appended::Written };
        assert_eq!(journal.append(fence, &row).await.unwrap(), expected);
    }
    let reader = JournalReader::new(test.database.clone());
    assert_eq!(reader.block(1).await.unwrap().len(), 10);
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash_of_the_server() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let directory = Some(home.path().join("cluster"));
    let options = ClusterOptions { directory, ..ClusterOptions::default() };
    let start = || {
        let options = options.clone();
        tokio::task::spawn_blocking(move || Cluster::start(&options).unwrap())
    };
    let mut cluster = start().await.unwrap();
    let limits = DatabaseOptions::default();
    let database = Database::connect(&cluster.url("postgres"), &limits).await.unwrap();
    database.migrate().await.unwrap();
    assert!(database.settings().await.unwrap().durable);
    let leases = Leases::new(database.clone());
    let acquired = leases.acquire(Role::Sequencer, "a", Duration::from_secs(60)).await.unwrap();
    let Acquisition::Acquired(fence) = acquired else { panic!("an empty database has no leader") };
    let mut journal = Journal::new(database.clone());
    let mut index = 0;
    for crash in 0..3 {
        let appending = tokio::spawn(async move {
            loop {
                let row = sub_block(1, index, &[&[index.to_be_bytes()[3]; 20_000]]);
                match journal.append(fence, &row).await {
                    Ok(_) => index += 1,
                    Err(error) if error.is_unavailable() => return (journal, index),
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(150 + 40 * crash)).await;
        tokio::task::spawn_blocking(|| cluster.crash()).await.unwrap().unwrap();
        let acknowledged;
        (journal, acknowledged) = appending.await.unwrap();
        cluster = start().await.unwrap();
        let rows = JournalReader::new(database.clone()).block(1).await.unwrap();
        // Everything acknowledged, in order, and at most the one whose answer was lost besides.
        let count = u32::try_from(rows.len()).unwrap();
        assert!(acknowledged > 0 && (acknowledged..=acknowledged + 1).contains(&count));
        assert!(rows.iter().zip(0..).all(|(row, index)| row.position.index == index));
        index = acknowledged;
    }
}

#[tokio::test]
async fn a_deposed_leader_writes_nothing_however_the_race_goes() {
    let test = TestDatabase::create().await;
    let mut written = Vec::new();
    for round in 0..10_u64 {
        let old = lead(&test, &format!("old {round}")).await;
        let start = Position { block: round + 1, index: 0 };
        let mut journal = Journal::new(test.database.clone());
        let appending = tokio::spawn(async move {
            let mut appended = 0;
            for index in start.index.. {
                match journal.append(old, &sub_block(start.block, index, &[b"old"])).await {
                    Ok(Appended::Written) => appended += 1,
                    Err(JournalError::Deposed(fence)) if fence == old => return appended,
                    other => panic!("{other:?}"),
                }
            }
            unreachable!("appending goes on until the leader is deposed")
        });
        tokio::time::sleep(Duration::from_millis(5 * (round % 4))).await;
        let new = lead(&test, &format!("new {round}")).await;
        // From here on the journal is ours alone: what we see now is all the old leader ever wrote.
        let seen = JournalReader::new(test.database.clone()).block(start.block).await.unwrap();
        let mut journal = Journal::new(test.database.clone());
        if seen.is_empty() {
            journal.append(new, &sub_block(start.block, 0, &[b"new"])).await.unwrap();
        }
        assert_eq!(appending.await.unwrap(), seen.len());
        let after = JournalReader::new(test.database.clone()).block(start.block).await.unwrap();
        assert_eq!(after.len(), std::cmp::max(seen.len(), 1));
        written.push(after.len());
    }
    assert!(written.iter().any(|count| *count > 1), "some rounds really raced: {written:?}");
}

#[tokio::test]
async fn two_writers_of_one_epoch_never_leave_a_gap_or_a_double() {
    let test = TestDatabase::create().await;
    let fence = lead(&test, "a").await;
    let race = |name: &'static [u8]| {
        let mut journal = Journal::new(test.database.clone());
        tokio::spawn(async move {
            let mut won = 0;
            for index in 0..50 {
                loop {
                    match journal.append(fence, &sub_block(1, index, &[name])).await {
                        Ok(Appended::Written) => won += 1,
                        Err(JournalError::Conflict(_)) => {}
                        // The other's row is not committed yet.
                        Err(JournalError::NotNext { .. }) => continue,
                        other => panic!("{other:?}"),
                    }
                    break;
                }
            }
            won
        })
    };
    let (left, right) = (race(b"left"), race(b"right"));
    assert_eq!(left.await.unwrap() + right.await.unwrap(), 50);
    let rows = JournalReader::new(test.database.clone()).block(1).await.unwrap();
    let indexes: Vec<_> = rows.iter().map(|row| row.position.index).collect();
    assert_eq!(indexes, (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cut_keeps_what_it_removes_and_the_journal_goes_on_there() {
    let test = TestDatabase::create().await;
    let fence = lead(&test, "a").await;
    let mut journal = Journal::new(test.database.clone());
    let reader = JournalReader::new(test.database.clone());
    let mut rows = Vec::new();
    for block in 1..=3 {
        for index in 0..2 {
            rows.push(sub_block(block, index, &[b"kept"]));
            journal.append(fence, rows.last().unwrap()).await.unwrap();
        }
    }
    let truncated = journal.truncate_from(fence, 2, "L1 reorg at 17").await.unwrap();
    assert_eq!(truncated, Truncated { generation: 1, removed_sub_blocks: 4 });
    assert_eq!(reader.removed(1).await.unwrap(), rows[2..]);
    assert_eq!(reader.rows(Position { block: 0, index: 0 }, 100).await.unwrap(), rows[..2]);
    let generations = reader.generations().await.unwrap();
    assert_eq!(generations.len(), 2);
    assert_eq!(generations[1].cause, "L1 reorg at 17");
    assert_eq!((generations[1].from_block, generations[1].epoch), (2, fence.epoch));

    // The block before the cut was complete: only the removed block's number may follow.
    assert!(matches!(
        journal.append(fence, &sub_block(1, 2, &[])).await,
        Err(JournalError::NotNext { expected: Position { block: 2, index: 0 }, .. })
    ));
    assert!(matches!(
        journal.truncate_from(fence, 3, "beyond the end").await,
        Err(JournalError::NotNext { .. })
    ));
    journal.append(fence, &sub_block(2, 0, &[b"again"])).await.unwrap();

    // The block after the last row has no rows yet: nothing is removed, and the cut is recorded all the same.
    let nothing = journal.truncate_from(fence, 3, "L1 dictates block 3").await.unwrap();
    assert_eq!(nothing.removed_sub_blocks, 0);
    assert!(matches!(
        journal.append(fence, &sub_block(2, 1, &[])).await,
        Err(JournalError::NotNext { expected: Position { block: 3, index: 0 }, .. })
    ));

    // Back to the very beginning: the generation alone remembers where the journal starts.
    assert_eq!(journal.truncate_from(fence, 1, "deep").await.unwrap().removed_sub_blocks, 3);
    assert_eq!(reader.tail().await.unwrap(), None);
    journal.append(fence, &sub_block(1, 0, &[])).await.unwrap();

    lead(&test, "b").await;
    assert!(matches!(
        journal.truncate_from(fence, 1, "too late").await,
        Err(JournalError::Deposed(_))
    ));
    assert_eq!(reader.tail().await.unwrap(), Some(Position { block: 1, index: 0 }));
}

#[tokio::test]
async fn a_damaged_row_is_never_read_as_data() {
    let test = TestDatabase::create().await;
    let fence = lead(&test, "a").await;
    let mut journal = Journal::new(test.database.clone());
    let reader = JournalReader::new(test.database.clone());
    for damage in [
        "UPDATE journal SET payload = set_byte(payload, 5, get_byte(payload, 5) # 1)",
        "UPDATE journal SET payload = substring(payload FROM 1 FOR 10)",
        "UPDATE journal SET opening = 'other'",
        "UPDATE journal SET transaction_count = 2",
        "UPDATE journal SET block_number = 5",
    ] {
        journal.append(fence, &sub_block(1, 0, &[b"a transaction"])).await.unwrap();
        sqlx::raw_sql(damage).execute(test.database.pool()).await.unwrap();
        let error = reader.rows(Position { block: 0, index: 0 }, 10).await.unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{damage}: {error}");
        assert_eq!(error.severity(), Severity::Critical);
        sqlx::raw_sql("DELETE FROM journal").execute(test.database.pool()).await.unwrap();
    }
}

#[test]
fn a_count_that_does_not_match_is_damage() {
    let row = SubBlock { transaction_count: 3, ..sub_block(1, 0, &[b"one", b"two"]) };
    assert!(matches!(row.transactions(), Err(JournalError::Corrupt { .. })));
    let row = SubBlock { payload: Bytes::from_static(&[9]), ..row };
    assert!(matches!(row.transactions(), Err(JournalError::Payload { .. })));
}
