//! Taking the whole index back, for when L1 reorganized or a verifier derives anew: the twin of writing and advancing.
//!
//! It runs inside the caller's transaction. Invariant: afterwards every table is what it was when `number` was the
//! newest block, as far as the follower had come by then.

use sqlx::{PgConnection, Row};
use state::StateDiff;

use super::{
    IndexError, current,
    cursor::{self, Follower},
    projection, withdrawals,
};
use crate::{convert::Big, metrics::timed};

/// Undo diffs read at once.
const BLOCKS_PER_CHUNK: u64 = 64;

/// Removes everything above block `number`.
pub(crate) async fn unwind_to(
    connection: &mut PgConnection,
    number: u64,
) -> Result<(), IndexError> {
    let failed = |source| IndexError::Unwind { number, source };
    // Always in this order, so that two who unwind cannot wait for each other.
    let projected = cursor::lock(connection, Follower::Projection).await.map_err(failed)?;
    let state = cursor::lock(connection, Follower::State).await.map_err(failed)?;
    if let Some(projected) = projected.filter(|cursor| *cursor > number) {
        projection::remove(connection, number, projected).await.map_err(failed)?;
        cursor::set(connection, Follower::Projection, Some(number)).await.map_err(failed)?;
    }
    if let Some(state) = state.filter(|cursor| *cursor > number) {
        undo_state(connection, number, state).await?;
        cursor::set(connection, Follower::State, Some(number)).await.map_err(failed)?;
    }
    let removal = sqlx::query("DELETE FROM transaction_positions WHERE block_number > $1");
    let removal = removal.bind(Big(number)).execute(&mut *connection);
    timed("index_remove_positions", removal).await.map_err(failed)?;
    let removal = sqlx::query("DELETE FROM blocks WHERE number > $1");
    let removal = removal.bind(Big(number)).execute(&mut *connection);
    timed("index_remove_blocks", removal).await.map_err(failed)?;
    withdrawals::remove(connection, number).await.map_err(failed)?;
    Ok(())
}

/// Brings the current state from after `newest` back to after `number`.
async fn undo_state(
    connection: &mut PgConnection,
    number: u64,
    newest: u64,
) -> Result<(), IndexError> {
    let failed = |source| IndexError::Unwind { number, source };
    let mut above = newest;
    while above > number {
        let floor = std::cmp::max(number, above.saturating_sub(BLOCKS_PER_CHUNK));
        let merged = undo_between(connection, floor, above).await?;
        current::apply(connection, &merged).await.map_err(failed)?;
        above = floor;
    }
    let removal = sqlx::query("DELETE FROM codes WHERE block_number > $1").bind(Big(number));
    timed("state_remove_codes", removal.execute(connection)).await.map_err(failed)?;
    Ok(())
}

/// One diff from the state after `newest` to the state after `floor`.
pub(crate) async fn undo_between(
    connection: &mut PgConnection,
    floor: u64,
    newest: u64,
) -> Result<StateDiff, IndexError> {
    let failed = |source| IndexError::Unwind { number: floor, source };
    let query = sqlx::query(
        "SELECT number, undo FROM blocks WHERE number > $1 AND number <= $2 ORDER BY number DESC",
    )
    .bind(Big(floor))
    .bind(Big(newest));
    let rows = timed("index_undo", query.fetch_all(connection)).await.map_err(failed)?;
    let mut merged = StateDiff::default();
    for row in rows {
        let number = row.try_get::<Big, _>(0).map_err(failed)?.0;
        let undo = StateDiff::decode(row.try_get(1).map_err(failed)?)
            .map_err(|source| IndexError::CorruptDiff { number, source })?;
        merged.merge(&undo);
    }
    Ok(merged)
}
