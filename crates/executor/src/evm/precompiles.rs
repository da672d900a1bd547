//! The precompiled contracts: Ethereum's of the fork, and secp256r1 verification before the fork that brings it.

use revm::{
    handler::EthPrecompiles,
    precompile::{PrecompileSpecId, Precompiles, secp256r1},
    primitives::{OnceLock, hardfork::SpecId},
};

/// Prague's set with `P256VERIFY` at `0x100` for 3,450 gas (RIP-7212); from Osaka on Ethereum has its own.
pub(super) fn for_spec(spec: SpecId) -> EthPrecompiles {
    if spec != SpecId::PRAGUE {
        return EthPrecompiles::new(spec);
    }
    // A constant table that only cannot be built at compile time.
    static PRAGUE: OnceLock<Precompiles> = OnceLock::new();
    let precompiles = PRAGUE.get_or_init(|| {
        let mut precompiles = Precompiles::new(PrecompileSpecId::PRAGUE).clone();
        precompiles.extend([secp256r1::P256VERIFY]);
        precompiles
    });
    EthPrecompiles { precompiles, spec }
}
