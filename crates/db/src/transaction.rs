//! A transaction on a connection of the pool.
//!
//! Invariant: such a connection is lent again only after the server has confirmed that its transaction is over. A caller
//! may be dropped at any await, and a limit of time drops a statement in the middle; sqlx 0.9 then forgets a BEGIN that
//! was under way, and loses count of the answers to a COPY, so that the next borrower would write into a transaction that
//! nobody commits, or read the answer to another's question. Such a connection is closed, and the server rolls back.

use std::ops::{Deref, DerefMut};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};

use crate::metrics::timed;

/// A transaction that is under way. Unless it is committed or rolled back, its connection is closed.
#[derive(Debug)]
pub(crate) struct Transaction {
    /// `None` once the transaction is over.
    connection: Option<PoolConnection<Postgres>>,
}

impl Transaction {
    pub(crate) async fn begin(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let mut transaction = Self { connection: Some(pool.acquire().await?) };
        transaction.say("transaction_begin", "BEGIN").await?;
        Ok(transaction)
    }

    /// `name` is that of the query in the metrics. After an error it is unknown whether the commit happened.
    pub(crate) async fn commit(mut self, name: &'static str) -> Result<(), sqlx::Error> {
        self.say(name, "COMMIT").await?;
        self.give_back();
        Ok(())
    }

    /// For a transaction that found nothing to do: dropping it would cost a connection.
    pub(crate) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        self.say("transaction_rollback", "ROLLBACK").await?;
        self.give_back();
        Ok(())
    }

    async fn say(&mut self, name: &'static str, what: &'static str) -> Result<(), sqlx::Error> {
        timed(name, sqlx::raw_sql(what).execute(&mut **self)).await?;
        Ok(())
    }

    fn give_back(&mut self) {
        drop(self.connection.take());
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}

const HELD: &str = "the connection is there until the transaction is over";

impl Deref for Transaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect(HELD)
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect(HELD)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Future, poll_fn},
        pin::pin,
        task::Poll,
        time::Duration,
    };

    use sqlx::PgPool;

    use super::Transaction;
    use crate::{Database, DatabaseOptions, copy::BinaryRows, testing::TestDatabase};

    /// More than the waits of any future here.
    const POLLS: usize = 12;

    /// A pool that has to lend the very connection that was given up before.
    async fn single(test: &TestDatabase) -> Database {
        let options = DatabaseOptions { connections_max: 1, ..DatabaseOptions::default() };
        Database::connect(&test.url, &options).await.unwrap()
    }

    /// Polls so many times, giving the server time to answer in between, and drops.
    async fn dropped_after(polls: usize, future: impl Future) {
        let mut future = pin!(future);
        for _ in 0..polls {
            let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
            if polled.await.is_ready() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// A statement that is prepared, so that it can be fooled by an answer that is not its own.
    async fn echo(pool: &PgPool, value: i32) -> Option<i32> {
        sqlx::query_scalar("SELECT $1::int").bind(value).fetch_optional(pool).await.unwrap()
    }

    async fn copied(pool: &PgPool) -> Option<i64> {
        sqlx::query_scalar("SELECT count(*) FROM copied").fetch_optional(pool).await.unwrap()
    }

    async fn copy_one(pool: &PgPool) {
        let mut transaction = Transaction::begin(pool).await.unwrap();
        let mut rows = BinaryRows::new();
        rows.row(1).bigint(1);
        let statement = "COPY copied (value) FROM STDIN (FORMAT binary)";
        rows.send("test", &mut transaction, statement).await.unwrap();
        transaction.rollback().await.unwrap();
    }

    #[tokio::test]
    async fn a_copy_that_is_dropped_anywhere_leaves_no_false_answers() {
        let test = TestDatabase::create().await;
        let database = single(&test).await;
        let pool = database.pool();
        sqlx::raw_sql("CREATE TABLE copied (value bigint)").execute(pool).await.unwrap();
        for polls in 0..POLLS {
            assert_eq!((echo(pool, -1).await, copied(pool).await), (Some(-1), Some(0)));
            dropped_after(polls, copy_one(pool)).await;
            for value in 0..4 {
                assert_eq!(echo(pool, value).await, Some(value), "after {polls} polls");
            }
            assert_eq!(copied(pool).await, Some(0), "nothing was committed");
        }
    }

    #[tokio::test]
    async fn a_transaction_that_is_dropped_anywhere_is_over() {
        let test = TestDatabase::create().await;
        let database = single(&test).await;
        let other = test.database.pool();
        sqlx::raw_sql("CREATE TABLE copied (value bigint)").execute(other).await.unwrap();
        for polls in 0..POLLS {
            dropped_after(polls, Transaction::begin(database.pool())).await;
            let insert = sqlx::query("INSERT INTO copied VALUES (1)");
            insert.execute(database.pool()).await.unwrap();
            assert_eq!(copied(other).await, Some(1), "seen by others, after {polls} polls");
            sqlx::raw_sql("TRUNCATE copied").execute(other).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_was_not_committed_did_not_happen() {
        let test = TestDatabase::create().await;
        let pool = test.database.pool();
        sqlx::raw_sql("CREATE TABLE copied (value bigint)").execute(pool).await.unwrap();
        for committed in [true, false] {
            let mut transaction = Transaction::begin(pool).await.unwrap();
            let insert = sqlx::query("INSERT INTO copied VALUES (1)");
            insert.execute(&mut *transaction).await.unwrap();
            if committed {
                transaction.commit("test").await.unwrap();
            }
            assert_eq!(copied(pool).await, Some(1));
        }
    }
}
