//! End to end: real processes, a real L1, a real Postgres, real clients.

mod bad_input;
mod basics;
mod bench;
mod bridge;
mod clients;
mod contracts;
mod drill;
mod error_contract;
mod explorers;
mod l1;
mod leaving;
mod load;
mod malformed;
mod noise;
mod raw_bytes;
mod readme;
mod restart;
mod services;
mod site;
mod support;
