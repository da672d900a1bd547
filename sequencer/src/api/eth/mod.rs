//! `eth_*`, one file per subject.

mod access_list;
mod account_info;
mod call;
mod chain;
mod config;
mod fee_history;
mod fees;
mod fill;
mod logs;
mod parts;
mod proof;
mod simulate;
mod state;
mod submit;
mod subscribe;

use jsonrpsee::{RpcModule, core::RegisterMethodError};

use self::{
    access_list::{AccessListMethods, EthAccessListServer},
    account_info::{AccountInfoMethods, EthAccountInfoServer},
    call::{CallMethods, EthCallServer},
    chain::{ChainMethods, EthChainServer},
    config::{ConfigMethods, EthConfigServer},
    fees::{EthFeesServer, FeeMethods},
    fill::{EthFillServer, FillMethods},
    logs::{EthLogsServer, LogMethods},
    parts::{EthPartsServer, PartMethods},
    proof::{EthProofServer, ProofMethods},
    simulate::{EthSimulateServer, SimulateMethods},
    state::{EthStateServer, StateMethods},
    submit::{EthSubmitServer, SubmitMethods},
    subscribe::{EthSubscribeServer, SubscribeMethods},
};
pub(crate) use self::{call::Run, proof::proof_fault};
use super::Api;

/// Adds all methods of the namespace.
pub(super) fn register(api: &Api, methods: &mut RpcModule<()>) -> Result<(), RegisterMethodError> {
    methods.merge(ChainMethods(api.clone()).into_rpc())?;
    methods.merge(StateMethods(api.clone()).into_rpc())?;
    methods.merge(FeeMethods(api.clone()).into_rpc())?;
    methods.merge(CallMethods(api.clone()).into_rpc())?;
    methods.merge(AccessListMethods(api.clone()).into_rpc())?;
    methods.merge(AccountInfoMethods(api.clone()).into_rpc())?;
    methods.merge(LogMethods(api.clone()).into_rpc())?;
    methods.merge(ProofMethods(api.clone()).into_rpc())?;
    methods.merge(PartMethods(api.clone()).into_rpc())?;
    methods.merge(ConfigMethods(api.clone()).into_rpc())?;
    methods.merge(SimulateMethods(api.clone()).into_rpc())?;
    methods.merge(SubmitMethods(api.clone()).into_rpc())?;
    methods.merge(FillMethods(api.clone()).into_rpc())?;
    methods.merge(SubscribeMethods(api.clone()).into_rpc())
}
