//! Prints how fast the machine is with a real program, and what commitments over the run cost: `machine-speed [ROUNDS]`.
#![expect(clippy::print_stdout, reason = "it is a command")]

use std::{env, error::Error, fs, path::Path, time::Instant};

use alloy_primitives::{B256, U256, keccak256};
use fault_proof::{
    Image,
    commitment::{STRIDE_STEPS, Strides, before_stride, steps_of_stride},
    vm::{Machine, Recorded, Runner},
};

const ROUNDS: u64 = 100;
/// Bytes that the exercise hashes in each round, in software and by host call.
const BYTES: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = env::args().nth(1).map_or(Ok(ROUNDS), |rounds| rounds.parse())?;
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../program/images/exercise.image");
    let first = Image::decode(&fs::read(image)?)?.machine();
    let bytes = vec![7; BYTES];
    let words = [B256::ZERO, keccak256(&bytes), U256::from(rounds).into()];
    let mut host = Recorded::new(words.to_vec());
    host.record(bytes);

    let steps = plain(first.clone(), &mut host)?;
    let (runs, _) = timed("strides", steps, || Strides::new(first.clone()).commit(&mut host))?;
    println!("root of the strides: {}", runs.root());

    let middle = before_stride(first, steps / 2 / STRIDE_STEPS, &mut host)?;
    let (stride, _) =
        timed("steps of a stride", STRIDE_STEPS, || steps_of_stride(middle, &mut host))?;
    println!("root of the stride:  {}", stride.root());
    Ok(())
}

/// Runs without looking back; how many steps that were.
fn plain(first: Machine, host: &mut Recorded) -> Result<u64, Box<dyn Error>> {
    let mut runner = Runner::new(first);
    let began = Instant::now();
    runner.run_to(u64::MAX, host)?;
    let (steps, exit) = (runner.machine().step, runner.machine().exit);
    report("plain", steps, began);
    println!("exit code: {exit:?}, output: {}", runner.machine().output);
    Ok(steps)
}

fn timed<T>(what: &str, steps: u64, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    report(what, steps, began);
    done
}

#[expect(clippy::cast_precision_loss, reason = "printed with two digits")]
fn report(what: &str, steps: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!("{what}: {steps} steps, {seconds:.2} s, {:.1} M/s", steps as f64 / seconds / 1e6);
}
