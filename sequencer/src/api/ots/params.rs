//! Numbers as JSON has them, or as Ethereum does.

use alloy::{eips::BlockNumberOrTag, primitives::U64};
use jsonrpsee::types::ErrorObjectOwned;
use serde::Deserialize;

use crate::api::{errors, limits::OTS_PAGE_MAX};

/// A number, or its hexadecimal text.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Plain(u64),
    Text(U64),
}

impl Number {
    pub(super) fn get(self) -> u64 {
        match self {
            Self::Plain(number) => number,
            Self::Text(number) => number.to(),
        }
    }

    /// As the size of a page, which is the parameter at `place`.
    pub(super) fn page_size(self, place: usize) -> Result<usize, ErrorObjectOwned> {
        match usize::try_from(self.get()) {
            Ok(size) if (1..=OTS_PAGE_MAX).contains(&size) => Ok(size),
            _ => Err(errors::argument(place, format!("page size must be 1 to {OTS_PAGE_MAX}"))),
        }
    }
}

/// A block: a number, its hexadecimal text, or a tag.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum Block {
    Plain(u64),
    Tag(BlockNumberOrTag),
}

impl From<Block> for BlockNumberOrTag {
    fn from(block: Block) -> Self {
        match block {
            Block::Plain(number) => Self::Number(number),
            Block::Tag(tag) => tag,
        }
    }
}
