//! Tests of the crate as a whole: regressions of other executors, published vectors, random blocks.

mod deposits;
mod fees;
mod mainnet_block;
mod random;
mod regressions;
mod state_tests;
mod stock_revm;
mod validity;
mod vectors;
