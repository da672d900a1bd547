//! Tests of the crate as a whole: regressions of other executors, published vectors, random blocks.

mod mainnet_block;
mod random;
mod regressions;
mod state_tests;
mod stock_revm;
mod vectors;
