"""The smoke test in web3.py."""

import asyncio
import json
import os

from web3 import AsyncWeb3, Web3, WebSocketProvider
from web3.exceptions import ContractLogicError, Web3RPCError

node = Web3(Web3.HTTPProvider(os.environ["BRAID_RPC"]))
account = node.eth.account.from_key(os.environ["BRAID_KEY"])
to = Web3.to_checksum_address(os.environ["BRAID_TO"])
with open(os.environ["BRAID_TOKEN"], encoding="utf-8") as file:
    artifact = json.load(file)
SUPPLY = Web3.to_wei(1000, "ether")
WAIT_S = 20


def send(transaction):
    """Signs, sends and waits."""
    transaction = {**transaction, "from": account.address, "nonce": node.eth.get_transaction_count(account.address, "pending")}
    transaction.setdefault("gas", node.eth.estimate_gas(transaction))
    transaction.setdefault("chainId", node.eth.chain_id)
    if "maxFeePerGas" not in transaction and "gasPrice" not in transaction:
        tip = node.eth.max_priority_fee
        base = node.eth.get_block("latest")["baseFeePerGas"]
        transaction.update(maxFeePerGas=2 * base + tip, maxPriorityFeePerGas=tip)
    signed = account.sign_transaction({k: v for k, v in transaction.items() if k != "from"})
    receipt = node.eth.wait_for_transaction_receipt(node.eth.send_raw_transaction(signed.raw_transaction), WAIT_S, 0.05)
    assert receipt["status"] == 1, receipt
    return receipt


async def first_head():
    """Subscribes and returns the number of the first new block."""
    async with AsyncWeb3(WebSocketProvider(os.environ["BRAID_WS"])) as live:
        await live.eth.subscribe("newHeads")
        async for message in live.socket.process_subscriptions():
            return message["result"]["number"]


def main():
    """Runs it."""
    assert node.is_connected()
    assert node.eth.chain_id == int(os.environ["BRAID_CHAIN_ID"])

    # Deploy and read.
    factory = node.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
    built = factory.constructor(SUPPLY).data_in_transaction
    deployed = send({"data": built, "value": 0})
    token = node.eth.contract(address=deployed["contractAddress"], abi=artifact["abi"])
    assert token.functions.balanceOf(account.address).call() == SUPPLY

    # Send, wait, estimate, filter.
    before = node.eth.get_balance(to)
    send({"to": to, "value": 123})
    assert node.eth.get_balance(to) - before == 123
    data = token.encode_abi("transfer", [to, 5])
    held = token.functions.balanceOf(to).call()
    receipt = send({"to": token.address, "data": data, "value": 0})
    assert token.functions.balanceOf(to).call() - held == 5
    logs = token.events.Transfer().get_logs(from_block=receipt["blockNumber"], to_block=receipt["blockNumber"])
    assert [log["args"]["value"] for log in logs] == [5], logs
    polled = node.eth.filter({"address": token.address, "fromBlock": deployed["blockNumber"]})
    assert len(polled.get_all_entries()) == 2

    # Errors.
    try:
        token.functions.transfer(to, SUPPLY * 2).call({"from": account.address})
        raise AssertionError("the call should revert")
    except ContractLogicError as error:
        assert "ds-math-sub-underflow" in str(error), error
    try:
        node.eth.send_raw_transaction("0x02c0")
        raise AssertionError("garbage should be refused")
    except Web3RPCError as error:
        assert error.rpc_response["error"]["code"] == -32000, error.rpc_response

    # Subscribe.
    number = asyncio.run(asyncio.wait_for(first_head(), WAIT_S))
    assert number > 0
    print("ok")


main()
