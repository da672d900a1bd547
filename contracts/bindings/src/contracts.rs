//! One module of types per contract, generated from its artifact. The NatSpec is in
//! `contracts/src/interfaces`.
//!
//! The artifacts are the source: a change in Solidity reaches Rust by `npm run artifacts` in `contracts/`.
//! Structs and enums are in the module of the interface that declares them.
#![expect(missing_docs, reason = "generated; the NatSpec is in contracts/src/interfaces")]
#![expect(clippy::too_many_arguments, reason = "generated: as many as the function has")]

macro_rules! binding {
    ($module:ident, $artifact:literal, $name:ident $(, $interface:ident)*) => {
        mod $module {
            alloy::sol!(
                #[sol(rpc, extra_derives(Debug, PartialEq, Eq))]
                $name,
                $artifact
            );
        }
        pub use $module::{$name $(, $interface)*};
    };
}

binding!(batch_inbox, "../artifacts/BatchInbox.json", BatchInbox);
binding!(bench_pair, "../artifacts/BenchPair.json", BenchPair);
binding!(bench_setup, "../artifacts/BenchSetup.json", BenchSetup);
binding!(bench_token, "../artifacts/BenchToken.json", BenchToken);
binding!(
    dispute_oracle,
    "../artifacts/DisputeOracle.json",
    DisputeOracle,
    Bisections,
    Claims,
    Clocks,
    IDisputeOracle,
    IL2OutputOracle,
    ITournaments
);
binding!(fee_vault, "../artifacts/FeeVault.json", FeeVault);
binding!(gas_price_oracle, "../artifacts/GasPriceOracle.json", GasPriceOracle);
binding!(l1_bridge, "../artifacts/L1StandardBridge.json", L1StandardBridge);
binding!(l1_messenger, "../artifacts/L1CrossDomainMessenger.json", L1CrossDomainMessenger);
binding!(l2_bridge, "../artifacts/L2StandardBridge.json", L2StandardBridge);
binding!(l2_messenger, "../artifacts/L2CrossDomainMessenger.json", L2CrossDomainMessenger);
binding!(l1_block, "../artifacts/L1Block.json", L1Block);
binding!(passer, "../artifacts/L2ToL1MessagePasser.json", L2ToL1MessagePasser);
binding!(mintable, "../artifacts/OptimismMintableERC20.json", OptimismMintableERC20);
binding!(
    mintable_factory,
    "../artifacts/OptimismMintableERC20Factory.json",
    OptimismMintableERC20Factory
);
binding!(portal, "../artifacts/Portal.json", Portal);
binding!(step, "../artifacts/Step.json", Step);
binding!(system_config, "../artifacts/SystemConfig.json", SystemConfig, ISystemConfig);
binding!(weth9, "../artifacts/WETH9.json", WETH9);
