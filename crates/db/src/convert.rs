//! The one place where fixed-size Ethereum types and unsigned numbers become Postgres values and come back.
//!
//! Hashes, addresses and slot keys are BYTEA of their own length. Amounts are BYTEA too, big-endian without leading
//! zeros, because most are short; zero is empty. Numbers are BIGINT or INTEGER: what does not fit is an error, at
//! both ends. Invariant: reading gives exactly what was written, and anything else in the column is an error.

use alloy_primitives::{Address, B256, U256};
use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef},
};

/// A value that Postgres cannot hold, or that this crate did not write.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConvertError {
    /// An unsigned number above the largest BIGINT or INTEGER.
    #[error("{0} does not fit its column")]
    TooLarge(u64),
    /// A negative number where only counts are stored.
    #[error("{0} is negative")]
    Negative(i64),
    /// A BYTEA of another length than its type has.
    #[error("{actual} bytes where {expected} belong")]
    Length {
        /// The length of the type; for an amount, the largest.
        expected: usize,
        /// What the column holds.
        actual: usize,
    },
    /// An amount with a leading zero, which has a shorter form.
    #[error("an amount starts with a zero byte")]
    LeadingZero,
}

/// Implements the sqlx traits of a newtype through another type that sqlx knows.
macro_rules! column {
    ($name:ident, $array:ty, via $via:ty) => {
        impl Type<Postgres> for $name {
            fn type_info() -> PgTypeInfo {
                <$via as Type<Postgres>>::type_info()
            }

            fn compatible(ty: &PgTypeInfo) -> bool {
                <$via as Type<Postgres>>::compatible(ty)
            }
        }

        impl PgHasArrayType for $name {
            fn array_type_info() -> PgTypeInfo {
                <$array as PgHasArrayType>::array_type_info()
            }
        }
    };
}

/// A 32-byte hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(pub(crate) B256);

/// A 20-byte address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Addr(pub(crate) Address);

/// A storage slot's key: always 32 bytes, so that BYTEA order is numeric order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) U256);

/// An amount or a storage value, in its shortest form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) U256);

/// An unsigned number in a BIGINT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Big(pub(crate) u64);

/// An unsigned number in an INTEGER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Int(pub(crate) u32);

column!(Hash, Vec<u8>, via Vec<u8>);
column!(Addr, Vec<u8>, via Vec<u8>);
column!(Slot, Vec<u8>, via Vec<u8>);
column!(Amount, Vec<u8>, via Vec<u8>);
column!(Big, i64, via i64);
column!(Int, i32, via i32);

/// The shortest big-endian form; empty for zero.
pub(crate) fn shortest(bytes: &[u8; 32]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

/// A BIGINT from an unsigned number.
pub(crate) fn bigint(value: u64) -> Result<i64, ConvertError> {
    i64::try_from(value).map_err(|_| ConvertError::TooLarge(value))
}

/// An INTEGER from an unsigned number.
pub(crate) fn integer(value: u32) -> Result<i32, ConvertError> {
    i32::try_from(value).map_err(|_| ConvertError::TooLarge(value.into()))
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], ConvertError> {
    bytes.try_into().map_err(|_| ConvertError::Length { expected: N, actual: bytes.len() })
}

/// Reads an amount in its shortest form.
pub(crate) fn amount(bytes: &[u8]) -> Result<U256, ConvertError> {
    if bytes.first() == Some(&0) {
        return Err(ConvertError::LeadingZero);
    }
    U256::try_from_be_slice(bytes).ok_or(ConvertError::Length { expected: 32, actual: bytes.len() })
}

type Encoded = Result<IsNull, BoxDynError>;

impl Encode<'_, Postgres> for Hash {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Encoded {
        <&[u8] as Encode<'_, Postgres>>::encode(self.0.as_slice(), buffer)
    }
}

impl Decode<'_, Postgres> for Hash {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(B256::new(exactly(<&[u8] as Decode<'_, Postgres>>::decode(value)?)?)))
    }
}

impl Encode<'_, Postgres> for Addr {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Encoded {
        <&[u8] as Encode<'_, Postgres>>::encode(self.0.as_slice(), buffer)
    }
}

impl Decode<'_, Postgres> for Addr {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(Address::new(exactly(<&[u8] as Decode<'_, Postgres>>::decode(value)?)?)))
    }
}

impl Encode<'_, Postgres> for Slot {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Encoded {
        <&[u8] as Encode<'_, Postgres>>::encode(self.0.to_be_bytes::<32>().as_slice(), buffer)
    }
}

impl Decode<'_, Postgres> for Slot {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let bytes = exactly(<&[u8] as Decode<'_, Postgres>>::decode(value)?)?;
        Ok(Self(U256::from_be_bytes::<32>(bytes)))
    }
}

impl Encode<'_, Postgres> for Amount {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Encoded {
        <&[u8] as Encode<'_, Postgres>>::encode(shortest(&self.0.to_be_bytes::<32>()), buffer)
    }
}

impl Decode<'_, Postgres> for Amount {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(amount(<&[u8] as Decode<'_, Postgres>>::decode(value)?)?))
    }
}

impl Encode<'_, Postgres> for Big {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Encoded {
        <i64 as Encode<'_, Postgres>>::encode(bigint(self.0)?, buffer)
    }
}

impl Decode<'_, Postgres> for Big {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let value = <i64 as Decode<'_, Postgres>>::decode(value)?;
        Ok(Self(u64::try_from(value).map_err(|_| ConvertError::Negative(value))?))
    }
}

impl Encode<'_, Postgres> for Int {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Encoded {
        <i32 as Encode<'_, Postgres>>::encode(integer(self.0)?, buffer)
    }
}

impl Decode<'_, Postgres> for Int {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let value = <i32 as Decode<'_, Postgres>>::decode(value)?;
        Ok(Self(u32::try_from(value).map_err(|_| ConvertError::Negative(value.into()))?))
    }
}

#[cfg(test)]
mod tests;
