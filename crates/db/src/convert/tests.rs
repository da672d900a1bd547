//! What goes into a column comes back, through a real server; what does not belong there is refused.

use alloy_primitives::{Address, B256, U256};
use sqlx::Row;

use super::*;
use crate::testing::TestDatabase;

#[tokio::test]
async fn values_survive_postgres() {
    let test = TestDatabase::create().await;
    let amounts = [U256::ZERO, U256::from(1), U256::from(256), U256::MAX];
    for (index, amount) in amounts.into_iter().enumerate() {
        let hash = B256::repeat_byte(u8::try_from(index).unwrap());
        let address = Address::repeat_byte(0xa0);
        let number = i64::MAX.unsigned_abs() - index as u64;
        let row = sqlx::query("SELECT $1, $2, $3, $4, $5, $6, octet_length($4)")
            .bind(Hash(hash))
            .bind(Addr(address))
            .bind(Slot(amount))
            .bind(Amount(amount))
            .bind(Big(number))
            .bind(Int(i32::MAX.unsigned_abs()))
            .fetch_one(test.database.pool())
            .await
            .unwrap();
        assert_eq!(row.try_get::<Hash, _>(0).unwrap().0, hash);
        assert_eq!(row.try_get::<Addr, _>(1).unwrap().0, address);
        assert_eq!(row.try_get::<Slot, _>(2).unwrap().0, amount);
        assert_eq!(row.try_get::<Amount, _>(3).unwrap().0, amount);
        assert_eq!(row.try_get::<Big, _>(4).unwrap().0, number);
        assert_eq!(row.try_get::<Int, _>(5).unwrap().0, i32::MAX.unsigned_abs());
        assert_eq!(row.try_get::<Int, _>(6).unwrap().0 as usize, amount.byte_len());
    }
}

#[tokio::test]
async fn foreign_values_are_refused() {
    let test = TestDatabase::create().await;
    let pool = test.database.pool();
    let row = sqlx::query(
        "SELECT '\\x0001'::bytea, (-1)::bigint, (-1)::int, decode(repeat('ff', 33), 'hex')",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert!(row.try_get::<Hash, _>(0).is_err(), "two bytes are no hash");
    assert!(row.try_get::<Addr, _>(0).is_err(), "two bytes are no address");
    assert!(row.try_get::<Slot, _>(0).is_err(), "two bytes are no slot key");
    assert!(row.try_get::<Amount, _>(0).is_err(), "a leading zero is not the shortest form");
    assert!(row.try_get::<Amount, _>(3).is_err(), "33 bytes are no amount");
    assert!(row.try_get::<Big, _>(1).is_err());
    assert!(row.try_get::<Int, _>(2).is_err());
    assert!(sqlx::query("SELECT $1").bind(Big(u64::MAX)).fetch_one(pool).await.is_err());
    assert!(sqlx::query("SELECT $1").bind(Int(u32::MAX)).fetch_one(pool).await.is_err());
}

#[test]
fn numbers_beyond_their_columns_are_errors() {
    assert_eq!(bigint(u64::MAX), Err(ConvertError::TooLarge(u64::MAX)));
    assert_eq!(integer(u32::MAX), Err(ConvertError::TooLarge(u32::MAX.into())));
    assert_eq!(amount(&[0, 1]), Err(ConvertError::LeadingZero));
    assert_eq!(amount(&[1; 33]), Err(ConvertError::Length { expected: 32, actual: 33 }));
    assert_eq!(shortest(&[0; 32]), &[] as &[u8]);
}
