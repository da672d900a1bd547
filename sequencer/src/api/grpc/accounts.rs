//! `AccountService`: an account after a block.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, U256},
};
use executor::BlockContext;
use proto::v1::{
    BlockTag, GetAccountRequest, GetAccountResponse, account_service_server::AccountService,
    get_account_request::Block,
};
use state::StateReader;
use tonic::{Request, Response, Status};

use super::{
    convert::copy,
    status::{answered, invalid},
};
use crate::{
    api::{Api, limits::PROOF_SLOTS_MAX},
    chain::State,
};

/// Answers the service.
#[derive(Debug)]
pub(super) struct AccountApi {
    pub(super) api: Api,
}

#[tonic::async_trait]
impl AccountService for AccountApi {
    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        let request = request.into_inner();
        let address = Address::try_from(request.address.as_ref())
            .map_err(|_| invalid("address", "20 bytes are wanted"))?;
        let block = block(request.block)?;
        if request.slots.len() > PROOF_SLOTS_MAX {
            return Err(invalid("slots", format!("at most {PROOF_SLOTS_MAX} are told")));
        }
        let slot = |bytes: &bytes::Bytes| {
            let bytes = <[u8; 32]>::try_from(bytes.as_ref());
            bytes.map(U256::from_be_bytes).map_err(|_| invalid("slots", "32 bytes are wanted"))
        };
        let slots: Vec<U256> = request.slots.iter().map(slot).collect::<Result<_, _>>()?;
        // The mempool first: what leaves it is in the pending state by the time that is read.
        let mempool = self.api.submitter.mempool();
        let waiting = block.is_pending().then(|| mempool.pending_nonce(&address)).flatten();
        let with_code = request.with_code;
        let work = move |state: &State, _: &BlockContext| {
            let account = state.account(&address)?.unwrap_or_default();
            let code = match with_code && account.has_code() {
                true => state.code(&account.code_hash)?.0,
                false => bytes::Bytes::new(),
            };
            let value = |slot: &U256| Ok(copy(state.storage(&address, slot)?.to_be_bytes::<32>()));
            let values: Result<_, crate::chain::ReadError> = slots.iter().map(value).collect();
            Ok(GetAccountResponse {
                balance: copy(account.balance.to_be_bytes_trimmed_vec()),
                nonce: std::cmp::max(account.nonce, waiting.unwrap_or(0)),
                code,
                values: values?,
            })
        };
        let found = self.api.with_state("GetAccount", block, work).await;
        found.map(Response::new).map_err(|error| answered(&error))
    }
}

fn block(wanted: Option<Block>) -> Result<BlockId, Status> {
    let tag = match wanted {
        None => BlockNumberOrTag::Latest,
        Some(Block::Number(number)) => number.into(),
        Some(Block::Tag(tag)) => match BlockTag::try_from(tag) {
            Ok(BlockTag::Unspecified | BlockTag::Latest) => BlockNumberOrTag::Latest,
            Ok(BlockTag::Safe) => BlockNumberOrTag::Safe,
            Ok(BlockTag::Finalized) => BlockNumberOrTag::Finalized,
            Ok(BlockTag::Pending) => BlockNumberOrTag::Pending,
            Err(_) => return Err(invalid("tag", format!("{tag} is none"))),
        },
    };
    Ok(tag.into())
}
