// The smoke test in viem.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  parseAbi,
  parseEther,
  webSocket,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const chain = defineChain({
  id: Number(env('BRAID_CHAIN_ID')),
  name: 'Braid',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [env('BRAID_RPC')], webSocket: [env('BRAID_WS')] } },
  blockTime: 1000,
});
const account = privateKeyToAccount(env('BRAID_KEY'));
const node = createPublicClient({ chain, transport: http() });
const live = createPublicClient({ chain, transport: webSocket() });
const wallet = createWalletClient({ account, chain, transport: http() });
const to = env('BRAID_TO');
const artifact = JSON.parse(readFileSync(env('BRAID_TOKEN'), 'utf8'));
const bytecode = artifact.bytecode.startsWith('0x') ? artifact.bytecode : `0x${artifact.bytecode}`;
const abi = [
  ...parseAbi(['constructor(uint256 supply)']),
  ...artifact.abi.filter((entry) => entry.type !== 'constructor'),
];
const supply = parseEther('1000');

// Deploy and read.
const deployment = await wallet.deployContract({ abi, bytecode, args: [supply] });
const deployed = await node.waitForTransactionReceipt({ hash: deployment });
assert.equal(deployed.status, 'success');
const token = deployed.contractAddress;
const read = (functionName, args) => node.readContract({ address: token, abi, functionName, args });
assert.equal(await read('balanceOf', [account.address]), supply);

// A live subscription sees what follows.
const blocks = [];
const events = [];
const unwatchBlocks = live.watchBlocks({ onBlock: (block) => blocks.push(block.number) });
const unwatchEvents = live.watchContractEvent({
  address: token,
  abi,
  eventName: 'Transfer',
  onLogs: (logs) => events.push(...logs),
});
await new Promise((resolve) => setTimeout(resolve, 300));

// Send, wait, estimate, filter.
const before = await node.getBalance({ address: to });
const payment = await wallet.sendTransaction({ to, value: 123n });
const paid = await node.waitForTransactionReceipt({ hash: payment });
assert.equal(paid.status, 'success');
assert.equal(paid.gasUsed, 21000n);
assert.equal((await node.getBalance({ address: to })) - before, 123n);
const gas = await node.estimateContractGas({ account, address: token, abi, functionName: 'transfer', args: [to, 5n] });
assert.ok(gas > 21000n && gas < 100000n, `estimate ${gas}`);
const transfer = await wallet.writeContract({ address: token, abi, functionName: 'transfer', args: [to, 5n] });
const receipt = await node.waitForTransactionReceipt({ hash: transfer });
assert.ok(receipt.gasUsed <= gas, 'the estimate is enough');
assert.equal(await read('balanceOf', [to]), 5n);
const logs = await node.getContractEvents({ address: token, abi, eventName: 'Transfer', fromBlock: deployed.blockNumber, strict: true });
assert.deepEqual(logs.map((log) => log.args.value), [supply, 5n]);
const transaction = await node.getTransaction({ hash: transfer });
assert.equal(transaction.from.toLowerCase(), account.address.toLowerCase());

// One request is enough where the node answers with the receipt.
const request = await wallet.prepareTransactionRequest({ to, value: 1n });
const serializedTransaction = await wallet.signTransaction(request);
const sync = await node.request({ method: 'eth_sendRawTransactionSync', params: [serializedTransaction] });
assert.equal(sync.status, '0x1');

// A revert is decoded, and costs one request.
await assert.rejects(
  node.simulateContract({ account: to, address: token, abi, functionName: 'transfer', args: [account.address, supply] }),
  (error) => {
    assert.ok(error instanceof BaseError);
    const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
    assert.equal(reverted?.reason, 'ds-math-sub-underflow');
    return true;
  },
);

// The fee history ends with the next block's base fee.
const history = await node.getFeeHistory({ blockCount: 4, rewardPercentiles: [50] });
assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);

const deadline = Date.now() + 20_000;
while ((events.length < 1 || blocks.length < 1) && Date.now() < deadline) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
assert.equal(events[0]?.args.value, 5n);
assert.ok(blocks.length >= 1);
unwatchBlocks();
unwatchEvents();
console.log('ok');
process.exit(0);
