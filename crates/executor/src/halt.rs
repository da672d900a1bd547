//! Why an included transaction failed other than by `REVERT`, in the words that clients know from geth.

use alloc::boxed::Box;
use core::fmt;
use revm::context_interface::result::{HaltReason as EvmHalt, OutOfGasError};

use crate::InvalidTransaction;

/// An exceptional halt. All gas of the transaction is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HaltReason {
    /// The EVM stopped.
    Evm(EvmHalt),
    /// A deposit that could not even start; a user transaction would have been rejected for this reason.
    DepositNotStarted(Box<InvalidTransaction>),
}

impl HaltReason {
    /// Whether more gas could have helped.
    pub const fn is_out_of_gas(&self) -> bool {
        matches!(self, Self::Evm(EvmHalt::OutOfGas(_)))
    }
}

impl From<EvmHalt> for HaltReason {
    fn from(reason: EvmHalt) -> Self {
        Self::Evm(reason)
    }
}

impl fmt::Display for HaltReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::DepositNotStarted(reason) => return write!(f, "failed deposit: {reason}"),
            Self::Evm(EvmHalt::OutOfGas(OutOfGasError::ReentrancySentry)) => {
                "not enough gas for reentrancy sentry"
            }
            Self::Evm(EvmHalt::OutOfGas(_)) => "out of gas",
            Self::Evm(EvmHalt::OpcodeNotFound | EvmHalt::NotActivated) => {
                "invalid opcode: opcode not defined"
            }
            Self::Evm(EvmHalt::InvalidFEOpcode) => "invalid opcode: INVALID",
            Self::Evm(EvmHalt::InvalidJump) => "invalid jump destination",
            Self::Evm(EvmHalt::StackUnderflow) => "stack underflow",
            Self::Evm(EvmHalt::StackOverflow) => "stack limit reached 1024",
            Self::Evm(EvmHalt::OutOfOffset) => "return data out of bounds",
            Self::Evm(EvmHalt::CreateCollision) => "contract address collision",
            Self::Evm(EvmHalt::NonceOverflow) => "nonce uint64 overflow",
            Self::Evm(EvmHalt::CreateContractSizeLimit) => "max code size exceeded",
            Self::Evm(EvmHalt::CreateContractStartingWithEF) => {
                "invalid code: must not begin with 0xef"
            }
            Self::Evm(EvmHalt::CreateInitCodeSizeLimit) => "max initcode size exceeded",
            Self::Evm(
                EvmHalt::StateChangeDuringStaticCall | EvmHalt::CallNotAllowedInsideStatic,
            ) => "write protection",
            Self::Evm(EvmHalt::OutOfFunds | EvmHalt::OverflowPayment) => {
                "insufficient balance for transfer"
            }
            Self::Evm(EvmHalt::CallTooDeep) => "max call depth exceeded",
            Self::Evm(EvmHalt::PrecompileError) => "precompile failed",
            Self::Evm(EvmHalt::PrecompileErrorWithContext(message)) => message,
        };
        f.write_str(text)
    }
}
