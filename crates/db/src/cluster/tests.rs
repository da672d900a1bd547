//! A cluster starts, survives a restart with its data, and never outlives its owner.

use std::{path::PathBuf, time::Instant};

use sqlx::{Connection, PgConnection, Row};

use super::*;

fn alive(process_id: u32) -> bool {
    Path::new("/proc").join(process_id.to_string()).exists()
}

fn fast(directory: Option<PathBuf>) -> ClusterOptions {
    ClusterOptions { directory, durability: Durability::Fast, ..ClusterOptions::default() }
}

async fn start(options: ClusterOptions) -> Cluster {
    tokio::task::spawn_blocking(move || Cluster::start(&options)).await.unwrap().unwrap()
}

async fn connect(cluster: &Cluster) -> PgConnection {
    PgConnection::connect_with(&cluster.connect_options("postgres")).await.unwrap()
}

#[tokio::test]
async fn data_survives_a_stop_and_a_temporary_cluster_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let directory = home.path().join("cluster");
    let cluster = start(fast(Some(directory.clone()))).await;
    let mut connection = connect(&cluster).await;
    sqlx::raw_sql("CREATE TABLE kept (value INT); INSERT INTO kept VALUES (7)")
        .execute(&mut connection)
        .await
        .unwrap();
    let process_id = cluster.process_id();
    assert!(alive(process_id));
    tokio::task::spawn_blocking(|| cluster.stop()).await.unwrap().unwrap();
    assert!(!alive(process_id), "stop waits for the end");

    let started = Instant::now();
    let cluster = start(fast(Some(directory))).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
    let mut connection = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    let row = sqlx::query("SELECT value FROM kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(row.try_get::<i32, _>(0).unwrap(), 7);

    let temporary = start(fast(None)).await;
    let data = temporary.socket_directory().to_path_buf();
    let process_id = temporary.process_id();
    drop(temporary);
    assert!(!alive(process_id) && !data.exists());
}

/// As in the home of root, where a clone of a newcomer lies.
#[tokio::test]
async fn a_closed_folder_is_no_obstacle_and_stays_closed() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let directory = home.path().join("cluster");
    for value in [7, 8] {
        let cluster = start(fast(Some(directory.clone()))).await;
        let mut connection = connect(&cluster).await;
        let statement = "CREATE TABLE IF NOT EXISTS kept (value INT)";
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        let insert = sqlx::query("INSERT INTO kept VALUES ($1)").bind(value);
        insert.execute(&mut connection).await.unwrap();
        let sum = sqlx::query_scalar::<_, i64>("SELECT sum(value) FROM kept");
        let expected = if value == 7 { 7 } else { 15 };
        assert_eq!(sum.fetch_one(&mut connection).await.unwrap(), expected);
        tokio::task::spawn_blocking(|| cluster.stop()).await.unwrap().unwrap();
    }
    if Installation::find().unwrap().owner().is_some() {
        let mode = fs::metadata(&directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "a server that may read everything is for us alone");
    }
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let directory = home.path().join("x".repeat(60)).join("y".repeat(60));
    fs::create_dir_all(directory.parent().unwrap()).unwrap();
    let cluster = start(fast(Some(directory.clone()))).await;
    assert!(!cluster.socket_directory().starts_with(home.path()));
    assert!(directory.join("data/PG_VERSION").exists());
    connect(&cluster).await.ping().await.unwrap();
}

#[test]
fn the_server_ends_when_the_thread_that_keeps_it_does() {
    // The keeper ends only with its process, so the kernel's part is tried on a thread of our own.
    let directory = tempfile::tempdir().unwrap();
    let installation = Installation::find().unwrap().reaching(directory.path());
    let root = own_directory(&installation, directory.path()).unwrap();
    let data = root.join("data");
    installation.initdb(&data, Effort::Small).unwrap();
    let mut command = installation.command_that_dies_with_us("postgres");
    command.arg("-D").arg(&data).args(server_arguments(&fast(None), &root)).current_dir("/");
    command.stderr(std::process::Stdio::null());
    let short_life = move || {
        let child = command.spawn().unwrap();
        while !process::is_ready(&data.join("postmaster.pid"), child.id()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    };
    let mut child = std::thread::spawn(short_life).join().unwrap();
    for _ in 0..500 {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "an orderly shutdown: {status}");
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("the server outlived the thread that spawned it");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let home = tempfile::tempdir().unwrap();
    let installation = Installation::find().unwrap().reaching(home.path());
    let root = own_directory(&installation, home.path()).unwrap();
    let first = start(fast(Some(root.clone()))).await;
    let error = tokio::task::spawn_blocking(move || Cluster::start(&fast(Some(root))))
        .await
        .unwrap()
        .unwrap_err();
    let ClusterError::Exited { log } = error else { panic!("two servers on one directory") };
    assert!(log.contains("postmaster.pid"), "{log}");
    drop(first);
}
