//! Prints how many steps the machine takes for a unit of gas: `machine-steps [PART OF A NAME]`.
#![expect(clippy::print_stdout, reason = "it is a command")]
#![expect(clippy::unwrap_used, reason = "the world of the tests fails by panicking")]

mod code;
#[path = "../../tests/it/host.rs"]
mod host;
#[path = "../../tests/it/inputs.rs"]
mod inputs;
#[path = "../../tests/it/l1.rs"]
mod l1;
#[expect(dead_code, reason = "the tests of the transition look at more")]
#[path = "../../tests/it/l2.rs"]
mod l2;
mod measured;
mod opcodes;
mod postings;
mod precompiles;
mod scene;
mod state;
mod tokens;
#[expect(dead_code, reason = "the tests of the transition look at more")]
#[path = "../../tests/it/tx.rs"]
mod tx;
#[expect(dead_code, reason = "the tests of the transition look at more")]
#[path = "../../tests/it/vm.rs"]
mod vm;
#[expect(dead_code, reason = "the tests of the transition look at more")]
#[path = "../../tests/it/world.rs"]
mod world;

fn main() {
    let part = std::env::args().nth(1).unwrap_or_default();
    let machine = vm::image();
    let cases = [precompiles::all(), opcodes::all(), state::all()];
    for measured in cases.into_iter().flatten() {
        if measured.name.contains(&part) {
            let row = measured.run(&machine);
            println!("{:70} {:8.1} {:6.1} s", row.name, row.steps_per_gas, row.seconds);
        }
    }
    if "1,000 transfers of a token".contains(&part) {
        let cost = tokens::transfers(&machine, 1_000);
        println!(
            "1,000 transfers of a token: {} gas, {} steps, {:.1} s; commitment over the strides {:.1} s",
            cost.gas,
            cost.steps,
            cost.seconds,
            cost.strides_seconds.unwrap_or_default()
        );
    }
    for posting in postings::all() {
        if posting.name.contains(&part) {
            println!("{:70} {:12} steps for a posting", posting.name, posting.run(&machine));
        }
    }
}
