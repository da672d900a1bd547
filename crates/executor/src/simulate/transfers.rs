//! The logs of simulated calls with their places in the block, and on demand a log for every transfer of value.
//!
//! Invariant: what a frame logged is dropped with the frame when it fails; places are counted on, as in geth.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, Log, LogData, U256, address, b256};
use revm::{
    Inspector,
    context_interface::{ContextTr, JournalTr},
    interpreter::{
        CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome,
        interpreter::EthInterpreter,
    },
};

/// Who seems to log transfers of value, which nobody logs.
const TRANSFER_ADDRESS: Address = address!("eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
/// The event `Transfer(address,address,uint256)`.
const TRANSFER_TOPIC: B256 =
    b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// A log and its place among those of the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlaced {
    /// The place, from 0.
    pub index: u64,
    /// The log.
    pub log: Log,
}

/// Collects logs, frame by frame.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    is_tracing: bool,
    /// Logs of the open frames, the outermost first.
    frames: Vec<Vec<LogPlaced>>,
    done: Vec<LogPlaced>,
    count: u64,
}

impl Transfers {
    pub(super) const fn new(is_tracing: bool) -> Self {
        Self { is_tracing, frames: Vec::new(), done: Vec::new(), count: 0 }
    }

    /// The logs of the call that has just ended.
    pub(super) fn take(&mut self) -> Vec<LogPlaced> {
        self.frames.clear();
        core::mem::take(&mut self.done)
    }

    fn push(&mut self, log: Log) {
        let placed = LogPlaced { index: self.count, log };
        self.count += 1;
        if let Some(frame) = self.frames.last_mut() {
            frame.push(placed);
        }
    }

    fn transfer(&mut self, from: Address, to: Address, value: U256) {
        if self.is_tracing && !value.is_zero() {
            let topics = alloc::vec![TRANSFER_TOPIC, from.into_word(), to.into_word()];
            let data = LogData::new_unchecked(topics, B256::from(value).into());
            self.push(Log { address: TRANSFER_ADDRESS, data });
        }
    }

    fn leave(&mut self, succeeded: bool) {
        let Some(logs) = self.frames.pop().filter(|_| succeeded) else { return };
        self.frames.last_mut().unwrap_or(&mut self.done).extend(logs);
    }
}

impl<C: ContextTr> Inspector<C, EthInterpreter> for Transfers {
    fn log(&mut self, _: &mut C, log: Log) {
        self.push(log);
    }

    fn call(&mut self, _: &mut C, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.frames.push(Vec::new());
        if let Some(value) = inputs.transfer_value() {
            let to = match inputs.scheme {
                CallScheme::CallCode => inputs.bytecode_address,
                _ => inputs.target_address,
            };
            self.transfer(inputs.caller, to, value);
        }
        None
    }

    fn call_end(&mut self, _: &mut C, _: &CallInputs, outcome: &mut CallOutcome) {
        self.leave(outcome.result.is_ok());
    }

    fn create(&mut self, context: &mut C, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.frames.push(Vec::new());
        if self.is_tracing
            && let Ok(caller) = context.journal_mut().load_account(inputs.caller())
        {
            let nonce = caller.info.nonce;
            self.transfer(inputs.caller(), inputs.created_address(nonce), inputs.value());
        }
        None
    }

    fn create_end(&mut self, _: &mut C, _: &CreateInputs, outcome: &mut CreateOutcome) {
        self.leave(outcome.result.is_ok());
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        self.transfer(contract, target, value);
    }
}
