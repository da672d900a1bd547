"""The error contract as web3.py sees it: every row is one error with its code and text, and one request unless it may pass."""

import json
import os
import re
import urllib.request

import requests as http
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


def refused(row, error):
    """What a refusal of the whole request says."""
    answer = error.response
    assert answer.status_code == row["status"], f"{row['name']}: {answer}"
    assert answer.headers["Retry-After"] == "1", f"{row['name']}: {answer.headers}"
    return answer.json()["error"]


for row in rows["calls"]:
    name, method, counted = row["name"], row["method"], row["counted"]
    before = requests(counted)
    try:
        params = row["own"].get("web3", row["params"])
        result = node.manager.request_blocking(method, params)
        raise AssertionError(f"{name} succeeded: {result}")
    except Web3RPCError as error:
        told = error.rpc_response["error"]
    except http.HTTPError as error:
        told = refused(row, error)
    assert told["code"] == row["code"], f"{name}: {told}"
    assert told["message"].startswith(row["text"]), f"{name}: {told}"
    if row["data"] is not None:
        assert told["data"] == row["data"], f"{name}: {told}"
    made, meant = requests(counted) - before, row["requests"].get("web3", 1)
    assert made == meant, f"{name}: {made} requests"
print("ok")
