//! Tests of the crate as a whole: regressions of other executors, published vectors, random blocks.

mod deposits;
mod fees;
pub(crate) mod mainnet_block;
mod random;
mod regressions;
pub(crate) mod state_tests;
mod stock_revm;
mod validity;
pub(crate) mod vectors;
