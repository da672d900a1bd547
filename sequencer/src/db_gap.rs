//! Temporary.
use alloy::primitives::Bytes;
#[derive(Debug, thiserror::Error)]
#[error("gap")]
pub struct ReadError;
#[derive(Debug, Clone)]
pub struct PendingTransactions;
impl PendingTransactions {
    pub fn new(_: db::Database) -> Self {
        Self
    }
    pub async fn replace(&self, _: &[Bytes]) -> Result<(), ReadError> {
        Ok(())
    }
    pub async fn load(&self) -> Result<Vec<Bytes>, ReadError> {
        Ok(vec![])
    }
}
