//! Contracts that people deploy: a token, Uniswap V2 from its published artifacts, an NFT, an EIP-7702 delegation.

use alloy::{
    consensus::SignableTransaction,
    eips::eip7702::Authorization,
    network::{TransactionBuilder, TransactionBuilder7702},
    primitives::{Address, U256, aliases::U112},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::SignerSync,
    sol,
    sol_types::{SolCall, SolValue},
};
use eyre::{Result, ensure};
use harness::{Devnet, published_code};

use crate::support::{call, deploy, fixture_code, send};

sol! {
    function approve(address spender, uint256 amount) external returns (bool);
    function balanceOf(address owner) external view returns (uint256);
    function addLiquidity(address a, address b, uint256 wantA, uint256 wantB, uint256 minA, uint256 minB, address to, uint256 deadline) external returns (uint256, uint256, uint256);
    function swapExactTokensForTokens(uint256 amountIn, uint256 amountOutMin, address[] path, address to, uint256 deadline) external returns (uint256[]);
    function getPair(address a, address b) external view returns (address);
    function getReserves() external view returns (uint112, uint112, uint32);
    function mint(address to, uint256 id) external;
    function ownerOf(uint256 id) external view returns (address);
    function transferFrom(address from, address to, uint256 id) external;
    function aggregate3((address, bool, bytes)[] calls) external payable returns ((bool, bytes)[]);
}

const WETH: Address = protocol::predeploys::WETH;
const MULTICALL3: Address = protocol::predeploys::MULTICALL3;

#[tokio::test]
async fn tokens_are_swapped_on_uniswap_v2() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let node = devnet.l2(0)?;
    let me = devnet.info.accounts[0].address;
    let token = published_code("@uniswap/v2-core/build/ERC20.json")?;
    let supply = U256::from(1_000_000);
    let a = deploy(&node, &token, &supply.abi_encode()).await?;
    let b = deploy(&node, &token, &supply.abi_encode()).await?;
    let factory = published_code("@uniswap/v2-core/build/UniswapV2Factory.json")?;
    let factory = deploy(&node, &factory, &me.abi_encode()).await?;
    let router = published_code("@uniswap/v2-periphery/build/UniswapV2Router02.json")?;
    let router = deploy(&node, &router, &(factory, WETH).abi_encode()).await?;
    let approve = approveCall { spender: router, amount: supply }.abi_encode();
    send(&node, call(a, approve.clone())).await?;
    send(&node, call(b, approve)).await?;
    let deadline = U256::MAX;
    let add = addLiquidityCall {
        a,
        b,
        wantA: U256::from(500_000),
        wantB: U256::from(500_000),
        minA: U256::ZERO,
        minB: U256::ZERO,
        to: me,
        deadline,
    };
    send(&node, call(router, add.abi_encode())).await?;
    let swap = swapExactTokensForTokensCall {
        amountIn: U256::from(10_000),
        amountOutMin: U256::ZERO,
        path: vec![a, b],
        to: me,
        deadline,
    };
    let receipt = send(&node, call(router, swap.abi_encode())).await?;
    ensure!(receipt.inner.logs().len() == 4, "two transfers, Sync and Swap: {receipt:?}");

    // 10,000 in with 0.3 % fee against 500,000 each: 500000 · 9970 / (500000 + 9970) = 9775.
    let view = |to: Address, input: Vec<u8>| call(to, input);
    let held = node.call(view(b, balanceOfCall { owner: me }.abi_encode())).await?;
    assert_eq!(U256::abi_decode(&held)?, U256::from(500_000 + 9_775));
    let pair = node.call(view(factory, getPairCall { a, b }.abi_encode())).await?;
    let reserves =
        node.call(view(Address::abi_decode(&pair)?, getReservesCall {}.abi_encode())).await?;
    let reserves = getReservesCall::abi_decode_returns(&reserves)?;
    let expected = [U112::from(510_000), U112::from(490_225)];
    let found = if a < b { [reserves._0, reserves._1] } else { [reserves._1, reserves._0] };
    assert_eq!(found, expected);
    devnet.stop().await
}

#[tokio::test]
async fn a_collectible_is_minted_and_handed_on() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let node = devnet.l2(0)?;
    let (me, friend) = (devnet.info.accounts[0].address, Address::repeat_byte(0x71));
    let nft = deploy(&node, &fixture_code("Collectible").await?, &[]).await?;
    let id = U256::from(7);
    let minted = send(&node, call(nft, mintCall { to: me, id }.abi_encode())).await?;
    ensure!(minted.inner.logs().len() == 1, "one Transfer event: {minted:?}");
    let hand_on = transferFromCall { from: me, to: friend, id };
    send(&node, call(nft, hand_on.abi_encode())).await?;
    let owner = node.call(call(nft, ownerOfCall { id }.abi_encode())).await?;
    assert_eq!(Address::abi_decode(&owner)?, friend);
    // Nobody can mint it twice.
    let again = node.estimate_gas(call(nft, mintCall { to: me, id }.abi_encode())).await;
    ensure!(
        again.is_err_and(|error| error.to_string().contains("execution reverted")),
        "minted twice"
    );
    devnet.stop().await
}

#[tokio::test]
async fn an_account_delegates_to_multicall() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let node = devnet.l2(0)?;
    let owner = devnet.info.accounts[1].signer()?;
    let authorization = Authorization {
        chain_id: U256::from(devnet.info.l2.chain_id),
        address: MULTICALL3,
        nonce: node.get_transaction_count(owner.address()).await?,
    };
    let signature = owner.sign_hash_sync(&authorization.signature_hash())?;
    // Through its delegated code the account itself calls two others in one transaction.
    let (x, y) = (Address::repeat_byte(0x51), Address::repeat_byte(0x52));
    let calls = vec![(x, true, Default::default()), (y, true, Default::default())];
    let request = TransactionRequest::default()
        .with_to(owner.address())
        .with_input(aggregate3Call { calls }.abi_encode())
        .with_authorization_list(vec![authorization.into_signed(signature)])
        .with_gas_limit(500_000);
    let receipt = send(&node, request).await?;
    assert_eq!(receipt.inner.tx_type(), alloy::consensus::TxType::Eip7702);
    let code = node.get_code_at(owner.address()).await?;
    assert_eq!(code[..3], [0xef, 0x01, 0x00], "a delegation designator");
    assert_eq!(code[3..], MULTICALL3[..]);
    assert_eq!(
        node.get_transaction_count(owner.address()).await?,
        1,
        "the authorization used a nonce"
    );
    devnet.stop().await
}

#[tokio::test]
async fn every_signature_type_is_accepted_and_blobs_are_not() -> Result<()> {
    let devnet = Devnet::ephemeral(&[]).await?;
    let node = devnet.l2(0)?;
    let to = Address::repeat_byte(0x60);
    let price = node.get_gas_price().await?;
    let legacy =
        TransactionRequest::default().with_to(to).with_value(U256::from(1)).with_gas_price(price);
    send(&node, legacy.clone()).await?;
    send(&node, legacy.with_access_list(Default::default())).await?;
    send(&node, TransactionRequest::default().with_to(to).with_value(U256::from(1))).await?;
    // Without a chain id: refused at the door in geth's words.
    let signer = devnet.info.accounts[2].signer()?;
    let unprotected = alloy::consensus::TxLegacy {
        chain_id: None,
        nonce: 0,
        gas_price: price,
        gas_limit: 21_000,
        to: to.into(),
        value: U256::from(1),
        input: Default::default(),
    };
    let signature = signer.sign_hash_sync(&unprotected.signature_hash())?;
    let raw = alloy::eips::Encodable2718::encoded_2718(&unprotected.into_signed(signature));
    let answer = node.send_raw_transaction(&raw).await;
    match answer {
        // Both are right by the protocol; the door may insist on replay protection.
        Ok(pending) => {
            ensure!(pending.get_receipt().await?.status(), "an unprotected transfer failed")
        }
        Err(error) => ensure!(error.to_string().contains("replay-protected"), "{error}"),
    }
    devnet.stop().await
}
