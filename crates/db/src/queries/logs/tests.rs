//! Each part of a filter finds its logs by an index, with so few rows, too.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::*;
use crate::index::tests::Fixture;

/// Logs that are another table than none.
const MANY: u64 = 30_000;

/// How Postgres would search.
async fn plan(connection: &mut PgConnection, filter: &LogFilter) -> String {
    let explain = AssertSqlSafe(format!("EXPLAIN {PROJECTED}"));
    let query = search(explain, filter, filter.to_block, 1);
    let rows = query.fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
}

#[tokio::test]
async fn each_part_of_a_filter_has_an_index() {
    let fixture = Fixture::new(67, 12).await;
    fixture.projection().advance(100).await.unwrap();
    let mut connection = fixture.test.database.pool().acquire().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    transaction.execute("ANALYZE logs").await.unwrap();
    // So few rows are read faster whole, and the range of blocks is an index as well.
    transaction.execute("SET LOCAL enable_seqscan = off").await.unwrap();
    transaction.execute("ALTER TABLE logs DROP CONSTRAINT logs_pkey").await.unwrap();
    let all = LogFilter { to_block: 100, ..LogFilter::default() };
    let word = vec![B256::with_last_byte(1), B256::with_last_byte(2)];
    let by_address = LogFilter { addresses: vec![Address::repeat_byte(1)], ..all.clone() };
    let said = plan(&mut transaction, &by_address).await;
    assert!(said.contains("logs_address"), "{said}");
    for place in 0..4 {
        let mut filter = all.clone();
        filter.topics[place].clone_from(&word);
        let said = plan(&mut transaction, &filter).await;
        assert!(said.contains(&format!("logs_topic{place}")), "{said}");
    }
    transaction.rollback().await.unwrap();
}

/// Whether Postgres knows what is in a table.
async fn is_known(connection: &mut PgConnection, table: &str) -> bool {
    let query = sqlx::query("SELECT FROM pg_stats WHERE tablename = $1 LIMIT 1").bind(table);
    query.fetch_optional(connection).await.unwrap().is_some()
}

#[tokio::test]
async fn a_table_that_has_grown_is_looked_at() {
    let mut fixture = Fixture::new(69, 3).await;
    let projection = fixture.projection();
    projection.advance(100).await.unwrap();
    let mut connection = fixture.test.database.pool().acquire().await.unwrap();
    assert!(!is_known(&mut connection, "logs").await);

    let mut block = fixture.chain.block();
    let receipt = block.receipts.last_mut().unwrap();
    let address = Address::repeat_byte(7);
    let topic = |number: u64| B256::from(alloy_primitives::U256::from(number));
    let log = |number| Log::new_unchecked(address, vec![topic(0), topic(number)], Bytes::new());
    let before = receipt.receipt.as_receipt().clone();
    receipt.receipt = protocol::receipt_from_parts(
        op_alloy_consensus::OpTxType::Eip1559,
        before.status.coerce_status(),
        before.cumulative_gas_used,
        (0..MANY).map(log).collect(),
        (None, None),
    );
    fixture.add(block).await;
    projection.advance(100).await.unwrap();
    assert!(is_known(&mut connection, "logs").await);
    assert!(!is_known(&mut connection, "transactions").await, "it has a few rows");
    let wanted = (0..100).map(|number| topic(number * 256)).collect();
    let topics = [vec![topic(0)], wanted, vec![], vec![]];
    let filter = LogFilter { from_block: 1, to_block: 4, addresses: vec![address], topics };
    let said = plan(&mut connection, &filter).await;
    assert!(said.contains("logs_topic1"), "{said}");
}
