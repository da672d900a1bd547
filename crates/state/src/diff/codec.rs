//! The packed bytes of a diff: what the database keeps per block. Not a wire or consensus format.
//!
//! ```text
//! diff    := count account*  count code*          ascending by address, by hash
//! account := address(20) flags [account] [count slot*]
//! account := varint(nonce) number(balance) [code hash(32)]
//! slot    := number(key) number(value)            ascending by key
//! code    := hash(32) varint(length) bytes
//! number  := length byte (0..=32), big-endian without leading zeros
//! ```
//!
//! Invariant: decoding is total and canonical. Any bytes give a diff or an error, never a panic, with memory in
//! proportion to the input; and only the bytes that `encode` makes are accepted.

use alloc::{collections::BTreeMap, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};

use super::{AccountDiff, StateDiff, UndoError};
use crate::{Account, StateReader};

const EXISTS: u8 = 1;
const CLEARED: u8 = 1 << 1;
const HAS_CODE: u8 = 1 << 2;
const HAS_SLOTS: u8 = 1 << 3;

/// Why bytes are not a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiffDecodeError {
    /// The bytes end inside a field.
    #[error("the diff ends early")]
    Truncated,
    /// A number is longer than its type or than it needs to be.
    #[error("a number of the diff is too long")]
    NumberTooLong,
    /// Entries are not strictly ascending.
    #[error("the entries of the diff are out of order")]
    OutOfOrder,
    /// Flags that do not exist, or do not go together, or promise what is not there.
    #[error("the flags {0:#04x} of an account are not possible")]
    Flags(u8),
    /// Code does not hash to its key.
    #[error("code of the diff does not have the hash {0}")]
    CodeHash(B256),
    /// Bytes are left over.
    #[error("{0} bytes follow the diff")]
    Trailing(usize),
}

/// A packed diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedDiff(Vec<u8>);

impl PackedDiff {
    /// The diff that leads back from `diff` to `before`, as [`StateDiff::undo`] finds it, packed while it is read.
    pub fn undo<R: StateReader>(diff: &StateDiff, before: &R) -> Result<Self, UndoError<R::Error>> {
        let mut out = Vec::new();
        put_varint(&mut out, diff.accounts.len() as u64);
        diff.each_undo(
            before,
            |_| None,
            |address, change| {
                out.extend_from_slice(address.as_slice());
                put_account(&mut out, &change);
            },
        )?;
        // A way back brings no new code.
        put_varint(&mut out, 0);
        Ok(Self(out))
    }

    /// Its bytes, for [`StateDiff::decode`].
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl From<&StateDiff> for PackedDiff {
    fn from(diff: &StateDiff) -> Self {
        Self(diff.encode())
    }
}

impl StateDiff {
    /// Packs the diff.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.accounts.len() as u64);
        for (address, change) in &self.accounts {
            out.extend_from_slice(address.as_slice());
            put_account(&mut out, change);
        }
        put_varint(&mut out, self.codes.len() as u64);
        for (hash, code) in &self.codes {
            out.extend_from_slice(hash.as_slice());
            put_varint(&mut out, code.len() as u64);
            out.extend_from_slice(code);
        }
        out
    }

    /// Unpacks a diff; the inverse of [`Self::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DiffDecodeError> {
        let mut input = Input(bytes);
        let mut diff = Self::default();
        for _ in 0..input.varint()? {
            let address = Address::from(input.array::<20>()?);
            let change = input.account()?;
            insert_ascending(&mut diff.accounts, address, change)?;
        }
        for _ in 0..input.varint()? {
            let hash = B256::from(input.array::<32>()?);
            let length =
                usize::try_from(input.varint()?).map_err(|_| DiffDecodeError::Truncated)?;
            let code = Bytes::copy_from_slice(input.take(length)?);
            if keccak256(&code) != hash {
                return Err(DiffDecodeError::CodeHash(hash));
            }
            insert_ascending(&mut diff.codes, hash, code)?;
        }
        if input.0.is_empty() { Ok(diff) } else { Err(DiffDecodeError::Trailing(input.0.len())) }
    }
}

/// A gone account is one flag byte, however it was written down.
fn put_account(out: &mut Vec<u8>, change: &AccountDiff) {
    let Some(account) = change.account else {
        out.push(CLEARED);
        return;
    };
    let mut flags = EXISTS;
    flags |= if change.storage_cleared { CLEARED } else { 0 };
    flags |= if account.has_code() { HAS_CODE } else { 0 };
    flags |= if change.storage.is_empty() { 0 } else { HAS_SLOTS };
    out.push(flags);
    put_varint(out, account.nonce);
    put_number(out, &account.balance);
    if account.has_code() {
        out.extend_from_slice(account.code_hash.as_slice());
    }
    if !change.storage.is_empty() {
        put_varint(out, change.storage.len() as u64);
        for (slot, value) in &change.storage {
            put_number(out, slot);
            put_number(out, value);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time, a length of at most 32")]
fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_number(out: &mut Vec<u8>, value: &U256) {
    let bytes = value.to_be_bytes::<32>();
    let length = value.byte_len();
    #[expect(clippy::cast_possible_truncation, reason = "at most 32")]
    out.push(length as u8);
    out.extend_from_slice(&bytes[32 - length..]);
}

fn insert_ascending<K: Ord, V>(
    map: &mut BTreeMap<K, V>,
    key: K,
    value: V,
) -> Result<(), DiffDecodeError> {
    if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
        return Err(DiffDecodeError::OutOfOrder);
    }
    map.insert(key, value);
    Ok(())
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], DiffDecodeError> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(DiffDecodeError::Truncated)?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DiffDecodeError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(DiffDecodeError::Truncated)?;
        self.0 = tail;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8, DiffDecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn varint(&mut self) -> Result<u64, DiffDecodeError> {
        let mut value = 0u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // The last group has room for one bit; a final zero group would be a second spelling.
            if (shift == 63 && bits > 1) || (byte == 0 && shift > 0) {
                return Err(DiffDecodeError::NumberTooLong);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DiffDecodeError::NumberTooLong)
    }

    fn number(&mut self) -> Result<U256, DiffDecodeError> {
        let length = usize::from(self.byte()?);
        if length > 32 {
            return Err(DiffDecodeError::NumberTooLong);
        }
        let bytes = self.take(length)?;
        if bytes.first() == Some(&0) {
            return Err(DiffDecodeError::NumberTooLong);
        }
        Ok(U256::from_be_slice(bytes))
    }

    fn account(&mut self) -> Result<AccountDiff, DiffDecodeError> {
        let flags = self.byte()?;
        if flags & EXISTS == 0 {
            let gone = flags == CLEARED;
            return if gone { Ok(AccountDiff::gone()) } else { Err(DiffDecodeError::Flags(flags)) };
        }
        if flags & !(EXISTS | CLEARED | HAS_CODE | HAS_SLOTS) != 0 {
            return Err(DiffDecodeError::Flags(flags));
        }
        let (nonce, balance) = (self.varint()?, self.number()?);
        let mut code_hash = KECCAK256_EMPTY;
        if flags & HAS_CODE != 0 {
            code_hash = B256::from(self.array::<32>()?);
            if code_hash == KECCAK256_EMPTY {
                return Err(DiffDecodeError::Flags(flags));
            }
        }
        let mut storage = BTreeMap::new();
        if flags & HAS_SLOTS != 0 {
            let count = self.varint()?;
            if count == 0 {
                return Err(DiffDecodeError::Flags(flags));
            }
            for _ in 0..count {
                let (slot, value) = (self.number()?, self.number()?);
                insert_ascending(&mut storage, slot, value)?;
            }
        }
        let account = Some(Account { nonce, balance, code_hash });
        Ok(AccountDiff { account, storage_cleared: flags & CLEARED != 0, storage })
    }
}
