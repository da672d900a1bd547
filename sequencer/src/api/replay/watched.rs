//! Bounds what a tracer takes: time, and memory for what it records.
//!
//! revm-inspectors bounds only some of its buffers, so what a tracer keeps is estimated here from what it gets to see.
//! Past a bound every frame halts at its next instruction, and the trace is thrown away.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, Log, U256};
use jsonrpsee::types::ErrorObjectOwned;
use revm::{
    Inspector,
    context_interface::ContextTr,
    inspector::JournalExt,
    interpreter::{
        CallInputs, CallOutcome, CreateInputs, CreateOutcome, InstructionResult, Interpreter,
        interpreter::EthInterpreter,
    },
};

use crate::api::errors;

/// Instructions between two looks at the clock.
const CLOCK_STEPS: u32 = 1_024;
/// What a recorded instruction, or a recorded call, takes besides its stack, memory or data.
const RECORD_BYTES: usize = 256;

/// What a tracer writes down for each instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recording {
    /// Nothing: calls alone.
    Calls,
    /// The instruction and its stack, for at most so many instructions; 0: all.
    Steps(u64),
    /// And its memory.
    Memory(u64),
}

/// What tracers may still take, over all transactions of one request.
#[derive(Debug, Clone)]
pub(crate) struct Allowance {
    until: Instant,
    bytes: usize,
    bytes_max: usize,
    /// A bound was met.
    stopped: Option<Stopped>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Time,
    Bytes,
}

impl Allowance {
    /// So much from now on.
    pub(crate) fn new(time_max: Duration, bytes_max: usize) -> Self {
        Self { until: Instant::now() + time_max, bytes: 0, bytes_max, stopped: None }
    }

    /// Refuses to go on past a bound.
    pub(crate) fn check(&self) -> Result<(), ErrorObjectOwned> {
        match self.stopped {
            Some(Stopped::Bytes) => {
                let limit = self.bytes_max;
                Err(errors::server(format!("trace exceeds {limit} bytes: ask for less of it")))
            }
            Some(Stopped::Time) => Err(errors::server("execution timeout")),
            None if Instant::now() >= self.until => Err(errors::server("execution timeout")),
            None => Ok(()),
        }
    }

    fn take(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.bytes_max {
            self.stopped = Some(Stopped::Bytes);
        }
    }
}

/// An inspector and its bounds.
#[derive(Debug)]
pub(crate) struct Watched<I> {
    inner: I,
    allowance: Allowance,
    recording: Recording,
    steps: u64,
    until_clock: u32,
    /// Whether any call or creation began.
    pub(super) entered: bool,
}

impl<I> Watched<I> {
    pub(crate) const fn new(inner: I, allowance: Allowance, recording: Recording) -> Self {
        Self { inner, allowance, recording, steps: 0, until_clock: CLOCK_STEPS, entered: false }
    }

    /// The inspector, and what is left.
    pub(crate) fn into_parts(self) -> (I, Allowance) {
        (self.inner, self.allowance)
    }

    /// Counts an instruction. False: no further.
    fn may_step(&mut self, interpreter: &Interpreter) -> bool {
        self.until_clock -= 1;
        if self.until_clock == 0 {
            self.until_clock = CLOCK_STEPS;
            if self.allowance.stopped.is_none() && Instant::now() >= self.allowance.until {
                self.allowance.stopped = Some(Stopped::Time);
            }
        }
        self.steps += 1;
        let stack = interpreter.stack.len() * size_of::<U256>();
        match self.recording {
            Recording::Steps(max) if max == 0 || self.steps <= max => {
                self.allowance.take(RECORD_BYTES + stack);
            }
            Recording::Memory(max) if max == 0 || self.steps <= max => {
                self.allowance.take(RECORD_BYTES + stack + interpreter.memory.len());
            }
            _ => {}
        }
        self.allowance.stopped.is_none()
    }
}

impl<CTX, I> Inspector<CTX, EthInterpreter> for Watched<I>
where
    CTX: ContextTr<Journal: JournalExt>,
    I: Inspector<CTX, EthInterpreter>,
{
    fn initialize_interp(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        self.inner.initialize_interp(interpreter, context);
    }

    fn step(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        if self.may_step(interpreter) {
            self.inner.step(interpreter, context);
        } else {
            interpreter.halt(InstructionResult::OutOfGas);
        }
    }

    fn step_end(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        self.inner.step_end(interpreter, context);
    }

    fn log(&mut self, context: &mut CTX, log: Log) {
        self.allowance.take(RECORD_BYTES + log.data.data.len());
        self.inner.log(context, log);
    }

    fn log_full(&mut self, interpreter: &mut Interpreter, context: &mut CTX, log: Log) {
        self.allowance.take(RECORD_BYTES + log.data.data.len());
        self.inner.log_full(interpreter, context, log);
    }

    fn call(&mut self, context: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.entered = true;
        self.allowance.take(RECORD_BYTES + inputs.input.len());
        self.inner.call(context, inputs)
    }

    fn call_end(&mut self, context: &mut CTX, inputs: &CallInputs, outcome: &mut CallOutcome) {
        self.allowance.take(outcome.result.output.len());
        self.inner.call_end(context, inputs, outcome);
    }

    fn create(&mut self, context: &mut CTX, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.entered = true;
        self.allowance.take(RECORD_BYTES + inputs.init_code().len());
        self.inner.create(context, inputs)
    }

    fn create_end(
        &mut self,
        context: &mut CTX,
        inputs: &CreateInputs,
        outcome: &mut CreateOutcome,
    ) {
        self.allowance.take(outcome.result.output.len());
        self.inner.create_end(context, inputs, outcome);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        self.inner.selfdestruct(contract, target, value);
    }
}
