//! The precompiled contracts: Ethereum's of the fork, and before Osaka two as Osaka has them. A simulation may move them.

use alloc::{collections::BTreeMap, string::String};
use alloy_primitives::{Address, map::AddressSet};
use revm::{
    context_interface::{Cfg, ContextTr},
    handler::{EthPrecompiles, PrecompileProvider},
    interpreter::{CallInputs, InterpreterResult},
    precompile::{PrecompileSpecId, Precompiles, modexp, secp256r1},
    primitives::{OnceLock, hardfork::SpecId},
};

mod shown;

pub(crate) use shown::ShowsPrecompiles;
#[cfg(feature = "std")]
pub use shown::result_on_l1;

/// The precompiled contracts of a block.
#[derive(Clone, Debug)]
pub struct ChainPrecompiles {
    inner: EthPrecompiles,
    moved: MovedPrecompiles,
}

/// Where calls find which precompiled contract, if not where it belongs: `None` where there is none any more.
pub(crate) type MovedPrecompiles = BTreeMap<Address, Option<Address>>;

impl ChainPrecompiles {
    /// Ethereum's of the fork, all at their own places; those of the rollup differ before Osaka.
    pub(crate) fn new(spec: SpecId, is_rollup: bool) -> Self {
        let inner = if is_rollup && spec == SpecId::PRAGUE {
            prague_of_the_rollup()
        } else {
            EthPrecompiles::new(spec)
        };
        Self { inner, moved: MovedPrecompiles::new() }
    }

    /// Whether there is one at this address, if none is moved.
    pub(crate) fn is_precompile(&self, address: &Address) -> bool {
        self.inner.contains(address)
    }

    /// Puts some at other places. Which addresses are warm does not change.
    pub(crate) fn set_moved(&mut self, moved: MovedPrecompiles) {
        self.moved = moved;
    }
}

impl<C: ContextTr> PrecompileProvider<C> for ChainPrecompiles
where
    C::Db: ShowsPrecompiles,
    EthPrecompiles: PrecompileProvider<C, Output = InterpreterResult>,
{
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: <C::Cfg as Cfg>::Spec) -> bool {
        PrecompileProvider::<C>::set_spec(&mut self.inner, spec)
    }

    fn run(
        &mut self,
        context: &mut C,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        match self.moved.get(&inputs.bytecode_address) {
            None => match shown::result(context, inputs) {
                Some(shown) => Ok(Some(shown)),
                None => self.inner.run(context, inputs),
            },
            Some(None) => Ok(None),
            Some(Some(original)) => {
                let inputs = CallInputs { bytecode_address: *original, ..inputs.clone() };
                self.inner.run(context, &inputs)
            }
        }
    }

    fn warm_addresses(&self) -> &AddressSet {
        PrecompileProvider::<C>::warm_addresses(&self.inner)
    }
}

/// Prague's set with `P256VERIFY` at `0x100` (RIP-7212), and that and `MODEXP` at the prices and with the bounds of Osaka
/// (EIP-7951, EIP-7883, EIP-7823): for less gas, or with longer numbers, no machine could compute a block full of them
/// (`docs/adr/0021-precompiles-in-the-machine.md`).
fn prague_of_the_rollup() -> EthPrecompiles {
    // A constant table that only cannot be built at compile time.
    static PRAGUE: OnceLock<Precompiles> = OnceLock::new();
    let precompiles = PRAGUE.get_or_init(|| {
        let mut precompiles = Precompiles::new(PrecompileSpecId::PRAGUE).clone();
        precompiles.extend([secp256r1::P256VERIFY_OSAKA, modexp::OSAKA]);
        precompiles
    });
    EthPrecompiles { precompiles, spec: SpecId::PRAGUE }
}
