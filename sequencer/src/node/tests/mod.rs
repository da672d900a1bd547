//! The whole service on a real Postgres and a recorded L1: from submission to the index, restarts, crashes, reorgs.

mod admission;
mod check;
mod crash;
mod faults;
mod l1;
mod life;
mod rebuild;
mod reorgs;
mod support;
