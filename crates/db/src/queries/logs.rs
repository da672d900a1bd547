//! Searching logs: `eth_getLogs` and filters.
//!
//! The projection is searched with SQL; the blocks above its cursor are searched in their packed receipts, so a filter
//! never misses a block because the projection lags. Invariant: logs come in chain order, at most as many as asked for
//! plus one, so that the caller knows when there were more.

use std::collections::BTreeMap;

use alloy_consensus::TxReceipt as _;
use alloy_primitives::{Address, B256, Bytes, Log, LogData};
use sqlx::{
    PgConnection, Postgres, Row, SqlSafeStr,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use super::{ChainReader, ReadError};
use crate::{
    convert::{Addr, Big, Hash, Int},
    index::{Follower, read_block, read_cursor, sealed_header},
    metrics::timed,
};

/// The most logs one search gives, whatever it asks for.
pub const LOGS_MAX: u32 = 100_000;

/// Which logs are wanted. An empty list of alternatives means that anything will do there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// First block.
    pub from_block: u64,
    /// Last block.
    pub to_block: u64,
    /// Contracts.
    pub addresses: Vec<Address>,
    /// Alternatives for each topic position.
    pub topics: [Vec<B256>; 4],
}

impl LogFilter {
    /// Whether a log of a block in range is wanted.
    pub fn matches(&self, log: &Log) -> bool {
        let address = self.addresses.is_empty() || self.addresses.contains(&log.address);
        address
            && self.topics.iter().enumerate().all(|(position, wanted)| {
                let topic = log.topics().get(position);
                wanted.is_empty() || topic.is_some_and(|topic| wanted.contains(topic))
            })
    }
}

/// A log and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedLog {
    /// The log.
    pub log: Log,
    /// Its block.
    pub block_number: u64,
    /// The block's hash.
    pub block_hash: B256,
    /// The block's timestamp, in seconds.
    pub block_timestamp: u64,
    /// The transaction that wrote it.
    pub transaction_hash: B256,
    /// That transaction's place in the block.
    pub transaction_index: u32,
    /// The log's place in the block.
    pub log_index: u32,
}

impl ChainReader {
    /// The first logs that the filter wants; `limit + 1` of them when there are more than `limit`.
    pub async fn logs(&self, filter: &LogFilter, limit: u32) -> Result<Vec<IndexedLog>, ReadError> {
        let (from, to) = (filter.from_block, filter.to_block);
        let failed = |source| ReadError::Logs { from, to, source };
        let limit = std::cmp::min(limit, LOGS_MAX) as usize + 1;
        let mut connection = self.database.pool().acquire().await.map_err(failed)?;
        let cursor = read_cursor(&mut *connection, Follower::Projection).await.map_err(failed)?;
        let mut logs = match cursor {
            Some(cursor) if cursor >= from => {
                let to = std::cmp::min(cursor, to);
                projected(&mut connection, filter, to, limit).await.map_err(failed)?
            }
            _ => Vec::new(),
        };
        let mut next = std::cmp::max(cursor.map_or(0, |cursor| cursor + 1), from);
        while next <= to && logs.len() < limit {
            let Some(found) = packed(&mut connection, filter, next).await? else { break };
            logs.extend(found);
            next += 1;
        }
        logs.truncate(limit);
        drop(connection);
        self.complete(&mut logs).await?;
        Ok(logs)
    }

    /// Fills in what a log's own row does not say.
    async fn complete(&self, logs: &mut [IndexedLog]) -> Result<(), ReadError> {
        let mut numbers: Vec<u64> = logs.iter().map(|log| log.block_number).collect();
        numbers.dedup();
        let wanted: Vec<Big> = numbers.iter().copied().map(Big).collect();
        let query = sqlx::query(
            "SELECT number, hash, header, transaction_count FROM blocks WHERE number = ANY($1)",
        )
        .bind(wanted);
        let rows = timed("read_log_blocks", query.fetch_all(self.database.pool()));
        let rows = rows.await.map_err(ReadError::Header)?;
        let mut blocks = BTreeMap::new();
        for row in rows {
            let sealed = sealed_header(&row).map_err(ReadError::Block)?;
            blocks.insert(sealed.header.number, (sealed.hash, sealed.header.timestamp));
        }
        for log in logs {
            if let Some((hash, timestamp)) = blocks.get(&log.block_number) {
                (log.block_hash, log.block_timestamp) = (*hash, *timestamp);
            }
        }
        Ok(())
    }
}

/// The rows of the projection that match. Later topics are found by their keys, as migration 0008 says.
const PROJECTED: &str = "SELECT logs.block_number, logs.log_index, logs.transaction_index, address,
        topic0, topic1, topic2, topic3, data, transactions.hash
 FROM logs JOIN transactions USING (block_number, transaction_index)
 WHERE logs.block_number BETWEEN $1 AND $2
   AND ($3::bytea[] IS NULL OR address = ANY($3))
   AND ($4::bytea[] IS NULL OR topic0 = ANY($4))
   AND ($5::bytea[] IS NULL
        OR (log_topic_key(topic1) = ANY(log_topic_keys($5)) AND topic1 = ANY($5)))
   AND ($6::bytea[] IS NULL
        OR (log_topic_key(topic2) = ANY(log_topic_keys($6)) AND topic2 = ANY($6)))
   AND ($7::bytea[] IS NULL
        OR (log_topic_key(topic3) = ANY(log_topic_keys($7)) AND topic3 = ANY($7)))
 ORDER BY logs.block_number, logs.log_index LIMIT $8";

/// The matching rows of the projection up to block `to`.
async fn projected(
    connection: &mut PgConnection,
    filter: &LogFilter,
    to: u64,
    limit: usize,
) -> Result<Vec<IndexedLog>, sqlx::Error> {
    let query = search(PROJECTED, filter, to, limit);
    let rows = timed("read_logs", query.fetch_all(connection)).await?;
    rows.iter().map(projected_log).collect()
}

/// [`PROJECTED`] with what it is asked for.
fn search<'q>(
    sql: impl SqlSafeStr,
    filter: &LogFilter,
    to: u64,
    limit: usize,
) -> Query<'q, Postgres, PgArguments> {
    let any = |topics: &Vec<B256>| -> Option<Vec<Hash>> {
        (!topics.is_empty()).then(|| topics.iter().copied().map(Hash).collect())
    };
    let addresses: Option<Vec<Addr>> = (!filter.addresses.is_empty())
        .then(|| filter.addresses.iter().copied().map(Addr).collect());
    sqlx::query(sql)
        .bind(Big(filter.from_block))
        .bind(Big(to))
        .bind(addresses)
        .bind(any(&filter.topics[0]))
        .bind(any(&filter.topics[1]))
        .bind(any(&filter.topics[2]))
        .bind(any(&filter.topics[3]))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        // Planned for these very parameters: a plan for all of them could use no SQL index.
        .persistent(false)
}

fn projected_log(row: &PgRow) -> Result<IndexedLog, sqlx::Error> {
    let mut topics = Vec::new();
    for column in 4..8 {
        if let Some(topic) = row.try_get::<Option<Hash>, _>(column)? {
            topics.push(topic.0);
        }
    }
    let data = LogData::new_unchecked(topics, Bytes::from(row.try_get::<Vec<u8>, _>(8)?));
    Ok(IndexedLog {
        log: Log { address: row.try_get::<Addr, _>(3)?.0, data },
        block_number: row.try_get::<Big, _>(0)?.0,
        block_hash: B256::ZERO,
        block_timestamp: 0,
        transaction_hash: row.try_get::<Hash, _>(9)?.0,
        transaction_index: row.try_get::<Int, _>(2)?.0,
        log_index: row.try_get::<Int, _>(1)?.0,
    })
}

/// The matching logs of one packed block; `None` when the index does not have it.
async fn packed(
    connection: &mut PgConnection,
    filter: &LogFilter,
    number: u64,
) -> Result<Option<Vec<IndexedLog>>, ReadError> {
    let block = read_block(connection, number).await.map_err(ReadError::Block)?;
    let Some(block) = block else { return Ok(None) };
    let mut logs = Vec::new();
    let mut log_index = 0;
    for ((receipt, hash), index) in block.receipts.iter().zip(block.transaction_hashes()).zip(0..) {
        for log in receipt.receipt.logs() {
            if filter.matches(log) {
                logs.push(IndexedLog {
                    log: log.clone(),
                    block_number: number,
                    block_hash: block.hash,
                    block_timestamp: block.header.timestamp,
                    transaction_hash: hash,
                    transaction_index: index,
                    log_index,
                });
            }
            log_index += 1;
        }
    }
    Ok(Some(logs))
}

#[cfg(test)]
mod tests;
