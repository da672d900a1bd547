// A reorg as viem and ethers see it: logs that were told come again as removed, over WebSocket and in filters that are
// polled, and then from the block that has them now. Prints the hash of the removed block.
import assert from 'node:assert/strict';
import { WebSocketProvider } from 'ethers';
import { createPublicClient, createWalletClient, defineChain, http, webSocket } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const chain = defineChain({
  id: Number(env('BRAID_CHAIN_ID')),
  name: 'Braid',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [env('BRAID_RPC')], webSocket: [env('BRAID_WS')] } },
});
const account = privateKeyToAccount(env('BRAID_KEY'));
const node = createPublicClient({ chain, transport: http(), pollingInterval: 100 });
const stream = createPublicClient({ chain, transport: webSocket() });
const wallet = createWalletClient({ account, chain, transport: http() });
const ethers = new WebSocketProvider(env('BRAID_WS'));

async function until(what, test) {
  for (let waited = 0; waited < 60_000; waited += 50) {
    const found = await test();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(`${what} did not come`);
}

// Deep enough for the origins of the newest L2 blocks, which are some blocks behind L1, and not for the contracts on L1.
const depth = 7;
const l1 = createPublicClient({ transport: http(env('BRAID_L1_RPC')), cacheTime: 0 });
const begun = await l1.getBlockNumber();

// A contract that emits a log without topics whenever it is called.
const deployed = await node.waitForTransactionReceipt({
  hash: await wallet.sendTransaction({ data: '0x645f5fa000005f526005601bf3' }),
});
const address = deployed.contractAddress;
assert.equal(await node.getCode({ address }), '0x5f5fa00000');

const seen = { viem: [], polled: [], ethers: [] };
stream.watchEvent({ address, onLogs: (logs) => seen.viem.push(...logs), onError: (error) => assert.fail(`${error}`) });
const filter = await node.createEventFilter({ address });
await ethers.on({ address }, (log) => seen.ethers.push(log));
await until('L1', async () => (await l1.getBlockNumber()) > begun + BigInt(depth));
const hash = await wallet.sendTransaction({ to: address });
await until('a log', () => seen.viem.length > 0 && seen.ethers.length > 0);
const old = seen.viem[0].blockHash;
assert.ok(!seen.viem[0].removed && !seen.ethers[0].removed);

await l1.request({ method: 'anvil_reorg', params: [depth, []] });
const told = (logs) => logs.some((log) => log.removed && log.blockHash === old);
await until('the removed log in viem', () => told(seen.viem));
await until('the removed log in a filter', async () => {
  seen.polled.push(...(await node.getFilterChanges({ filter })));
  return told(seen.polled);
});
const again = await until('the log of another block', () => seen.viem.find((log) => !log.removed && log.blockHash !== old));
// ethers keeps removed logs from those who listen to logs, and hands on the new one.
await until('the log of another block in ethers', () => seen.ethers.find((log) => log.blockHash === again.blockHash));
const receipt = await until('the receipt', () => node.getTransactionReceipt({ hash }).catch(() => undefined));
assert.equal(receipt.blockHash, (await node.getBlock({ blockNumber: receipt.blockNumber })).hash);
assert.equal(again.transactionHash, hash);
console.log(`removed ${old}`);
console.log('ok');
process.exit(0);
