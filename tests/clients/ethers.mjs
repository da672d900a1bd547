// The smoke test in ethers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Contract, ContractFactory, JsonRpcProvider, Wallet, WebSocketProvider, isError, parseEther } from 'ethers';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const node = new JsonRpcProvider(env('BRAID_RPC'), undefined, { pollingInterval: 200 });
const live = new WebSocketProvider(env('BRAID_WS'));
const wallet = new Wallet(env('BRAID_KEY'), node);
const to = env('BRAID_TO');
const artifact = JSON.parse(readFileSync(env('BRAID_TOKEN'), 'utf8'));
const supply = parseEther('1000');

assert.equal((await node.getNetwork()).chainId, BigInt(env('BRAID_CHAIN_ID')));

// Deploy and read.
const deployed = await new ContractFactory(artifact.abi, artifact.bytecode, wallet).deploy(supply);
await deployed.waitForDeployment();
const address = await deployed.getAddress();
const token = new Contract(address, artifact.abi, wallet);
assert.equal(await token.balanceOf(wallet.address), supply);

// A live subscription sees what follows.
const heads = [];
const values = [];
await live.on('block', (number) => heads.push(number));
await new Contract(address, artifact.abi, live).on('Transfer', (from, recipient, value) => values.push(value));
await new Promise((resolve) => setTimeout(resolve, 300));

// Send, wait, estimate, filter.
const before = await node.getBalance(to);
const paid = await (await wallet.sendTransaction({ to, value: 123n })).wait();
assert.equal(paid.status, 1);
assert.equal((await node.getBalance(to)) - before, 123n);
const gas = await token.transfer.estimateGas(to, 5n);
const receipt = await (await token.transfer(to, 5n)).wait();
assert.ok(receipt.gasUsed <= gas, 'the estimate is enough');
assert.equal(await token.balanceOf(to), 5n);
const logs = await token.queryFilter('Transfer', receipt.blockNumber, receipt.blockNumber);
assert.deepEqual(logs.map((log) => log.args[2]), [5n]);
assert.equal((await node.getTransaction(receipt.hash)).nonce, (await node.getTransactionCount(wallet.address)) - 1);

// Errors come as the classes that ethers makes of them.
await assert.rejects(
  token.transfer.staticCall(to, supply * 2n),
  (error) => isError(error, 'CALL_EXCEPTION') && error.reason === 'ds-math-sub-underflow',
);
const used = await wallet.signTransaction(await wallet.populateTransaction({ to, value: 1n, nonce: 0 }));
await assert.rejects(node.broadcastTransaction(used), (error) => isError(error, 'NONCE_EXPIRED'));
const rich = await wallet.signTransaction({
  ...(await wallet.populateTransaction({ to, value: 1n })),
  value: parseEther('1000000000000'),
});
await assert.rejects(node.broadcastTransaction(rich), (error) => isError(error, 'INSUFFICIENT_FUNDS'));

const deadline = Date.now() + 20_000;
while ((values.length < 1 || heads.length < 1) && Date.now() < deadline) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
assert.equal(values[0], 5n);
assert.ok(heads.length >= 1);
await live.destroy();
node.destroy();
console.log('ok');
process.exit(0);
