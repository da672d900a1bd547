// Deploys the counter through Hardhat's provider and goes through it: transactions, reads, events, errors.
const assert = require('node:assert/strict');
const { artifacts, network } = require('hardhat');
const { AbiCoder, Interface } = require('../../node_modules/ethers/lib.commonjs/index.js');

const ask = (method, params = []) => network.provider.request({ method, params });

async function mined(hash) {
  for (;;) {
    const receipt = await ask('eth_getTransactionReceipt', [hash]);
    if (receipt !== null) return receipt;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('Counter', function () {
  this.timeout(60_000);
  let from, counter, abi;

  before(async () => {
    [from] = await ask('eth_accounts');
    const artifact = await artifacts.readArtifact('Counter');
    abi = new Interface(artifact.abi);
    const first = AbiCoder.defaultAbiCoder().encode(['uint256'], [40]).slice(2);
    const receipt = await mined(await ask('eth_sendTransaction', [{ from, data: artifact.bytecode + first }]));
    assert.equal(receipt.status, '0x1');
    counter = receipt.contractAddress;
    assert.equal(await ask('eth_getCode', [counter, 'latest']), artifact.deployedBytecode);
  });

  const call = (name, ...values) => ask('eth_call', [{ from, to: counter, data: abi.encodeFunctionData(name, values) }, 'latest']);

  it('counts, and what it did is read again', async () => {
    const data = abi.encodeFunctionData('add', [2]);
    const receipt = await mined(await ask('eth_sendTransaction', [{ from, to: counter, data }]));
    assert.equal(receipt.status, '0x1');
    assert.equal(BigInt(await call('number')), 42n);
    const event = abi.parseLog(receipt.logs[0]);
    assert.equal(event.args.number, 42n);
    const logs = await ask('eth_getLogs', [{ address: counter, fromBlock: receipt.blockNumber, toBlock: receipt.blockNumber }]);
    assert.equal(logs.length, 1);
  });

  it('shows custom errors', async () => {
    await assert.rejects(call('add', 99), (error) => {
      const data = error.data?.data ?? error.data;
      assert.equal(abi.parseError(data).name, 'TooFar', `${error}`);
      return true;
    });
  });
});
