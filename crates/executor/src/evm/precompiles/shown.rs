//! Precompiled contracts that a machine need not compute: L1 has the same, so what they give can be shown there.
//!
//! The prices are those of this chain, and charged here; what L1 asks for the same call is no matter. Invariant: for an input that
//! [`terms`] takes, this chain and L1 give the same output, or both fail.

#[cfg(feature = "std")]
use alloy_primitives::Bytes;
use alloy_primitives::{Address, U256};
use revm::{
    context_interface::ContextTr,
    handler::precompile_output_to_interpreter_result,
    interpreter::{CallInputs, InterpreterResult},
    precompile::{
        PrecompileHalt, PrecompileOutput, bls12_381_const as bls,
        bls12_381_utils::msm_required_gas, kzg_point_evaluation, secp256r1,
    },
};
use state::{PrecompileResult, StateReader};

use crate::StateDatabase;

/// Longest input. With what stands before it, it is hashed by one call of the machine, and one transaction of L1 can carry it.
const INPUT_BYTES_MAX: usize = 65_536 - 10;
const KZG_INPUT_BYTES: usize = 192;
const P256_INPUT_BYTES: usize = 160;
/// Gas on L1, on top of twice the price here: L1 may come to ask for more, and what is left over costs nobody anything.
const GAS_ON_TOP: u64 = 100_000;

/// A database that may know what precompiled contracts give.
pub(crate) trait ShowsPrecompiles {
    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult>;
}

impl<R: StateReader> ShowsPrecompiles for StateDatabase<R> {
    fn precompile(&self, address: u16, gas: u64, input: &[u8]) -> Option<PrecompileResult> {
        self.reader.precompile(address, gas, input)
    }
}

/// The result of a call, if it is not to be computed.
pub(super) fn result<C>(context: &C, inputs: &CallInputs) -> Option<InterpreterResult>
where
    C: ContextTr,
    C::Db: ShowsPrecompiles,
{
    let input = inputs.input.as_bytes(context);
    let Terms { address, price } = terms(&inputs.bytecode_address, &input)?;
    // Without the gas for it the call fails before anything is computed.
    if price > inputs.gas_limit {
        return None;
    }
    let output = match context.db().precompile(address, gas_on_l1(price), &input)? {
        Ok(output) => PrecompileOutput::new(price, output, inputs.reservoir),
        Err(failed) => {
            let halt = PrecompileHalt::other(alloc::format!("{failed}"));
            PrecompileOutput::halt(halt, inputs.reservoir)
        }
    };
    Some(precompile_output_to_interpreter_result(output, inputs.gas_limit))
}

/// What L1 gives for such a call, as far as this program knows its rules.
#[cfg(feature = "std")]
pub fn result_on_l1(address: u16, gas: u64, input: &[u8]) -> PrecompileResult {
    use revm::precompile::Precompiles;
    let place = Address::left_padding_from(&address.to_be_bytes());
    // Where nothing is, a call succeeds and gives nothing.
    let Some(precompile) = Precompiles::osaka().get(&place) else { return Ok(Bytes::new()) };
    match precompile.execute(input, gas, 0) {
        Ok(output) if output.is_success() => Ok(output.bytes),
        _ => Err(state::PrecompileFailed),
    }
}

/// Which contract it is, and its price.
#[derive(Clone, Copy, Debug)]
struct Terms {
    address: u16,
    price: u64,
}

/// `None` for a contract that is computed, and for an input of which one sees at once that it is refused.
fn terms(address: &Address, input: &[u8]) -> Option<Terms> {
    let address = U256::from_be_slice(address.as_slice());
    let address = u16::try_from(address).ok()?;
    let price = price(address, input.len())?;
    (input.len() <= INPUT_BYTES_MAX).then_some(Terms { address, price })
}

fn price(address: u16, bytes: usize) -> Option<u64> {
    let of_length = |length: usize, price: u64| (bytes == length).then_some(price);
    let pairs =
        |length: usize| (bytes > 0 && bytes.is_multiple_of(length)).then_some(bytes / length);
    match address {
        0x0a => of_length(KZG_INPUT_BYTES, kzg_point_evaluation::GAS_COST),
        0x0b => of_length(bls::G1_ADD_INPUT_LENGTH, bls::G1_ADD_BASE_GAS_FEE),
        0x0c => pairs(bls::G1_MSM_INPUT_LENGTH)
            .map(|k| msm_required_gas(k, &bls::DISCOUNT_TABLE_G1_MSM, bls::G1_MSM_BASE_GAS_FEE)),
        0x0d => of_length(bls::G2_ADD_INPUT_LENGTH, bls::G2_ADD_BASE_GAS_FEE),
        0x0e => pairs(bls::G2_MSM_INPUT_LENGTH)
            .map(|k| msm_required_gas(k, &bls::DISCOUNT_TABLE_G2_MSM, bls::G2_MSM_BASE_GAS_FEE)),
        0x0f => pairs(bls::PAIRING_INPUT_LENGTH)
            .map(|k| bls::PAIRING_MULTIPLIER_BASE * k as u64 + bls::PAIRING_OFFSET_BASE),
        0x10 => of_length(bls::PADDED_FP_LENGTH, bls::MAP_FP_TO_G1_BASE_GAS_FEE),
        0x11 => of_length(bls::PADDED_FP2_LENGTH, bls::MAP_FP2_TO_G2_BASE_GAS_FEE),
        0x100 => of_length(P256_INPUT_BYTES, secp256r1::P256VERIFY_BASE_GAS_FEE_OSAKA),
        _ => None,
    }
}

const fn gas_on_l1(price: u64) -> u64 {
    2 * price + GAS_ON_TOP
}
