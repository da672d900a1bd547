"""The error contract as web3.py sees it: every row is one request and one error with its code and text."""

import json
import os
import re
import urllib.request

from web3 import Web3
from web3.exceptions import Web3RPCError

# It repeats what may pass, unless told otherwise.
node = Web3(Web3.HTTPProvider(os.environ["BRAID_RPC"]))
with open(os.environ["BRAID_ROWS"], encoding="utf-8") as file:
    rows = json.load(file)


def requests(method):
    """How many requests of a method the node has answered."""
    with urllib.request.urlopen(os.environ["BRAID_METRICS"]) as page:
        text = page.read().decode()
    found = re.findall(rf'^braid_rpc_requests_total\{{.*method="{method}".*\}} (\d+)$', text, re.M)
    return sum(map(int, found))


for row in rows["calls"]:
    name, method, counted = row["name"], row["method"], row["counted"]
    before = requests(counted)
    try:
        result = node.manager.request_blocking(method, row["params"])
        raise AssertionError(f"{name} succeeded: {result}")
    except Web3RPCError as error:
        told = error.rpc_response["error"]
        assert told["code"] == row["code"], f"{name}: {told}"
        assert told["message"].startswith(row["text"]), f"{name}: {told}"
        if row["data"] is not None:
            assert told["data"] == row["data"], f"{name}: {told}"
    assert requests(counted) - before == 1, f"{name}: {requests(counted) - before} requests"
print("ok")
