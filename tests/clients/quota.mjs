// A quota that is used up: how viem and ethers read the refusal, and that the wait it names is true.
import assert from 'node:assert/strict';
import { FetchRequest, JsonRpcProvider, Network, isError } from 'ethers';
import { LimitExceededRpcError, createPublicClient, http } from 'viem';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const network = Network.from(Number(env('BRAID_CHAIN_ID')));
const call = (index) => ({ jsonrpc: '2.0', id: index, method: 'eth_chainId', params: [] });
const body = JSON.stringify(Array.from({ length: 1000 }, (_, index) => call(index)));
const headers = { 'content-type': 'application/json' };
let refusal;
for (let batch = 0; batch < 100 && refusal === undefined; batch += 1) {
  const answer = await fetch(env('BRAID_RPC'), { method: 'POST', headers, body });
  if (answer.status !== 200) refusal = answer;
}
assert.equal(refusal?.status, 429);
const { error } = await refusal.json();
assert.equal(error.code, -32005);
const wait = Number(refusal.headers.get('retry-after'));
assert.ok(wait >= 1 && wait * 1000 >= error.data.retryAfterMs, `${wait} ${JSON.stringify(error)}`);

// Both would come again by themselves. Told not to, they say what it is.
const viem = createPublicClient({ transport: http(env('BRAID_RPC'), { retryCount: 0 }) });
const limited = await viem.getChainId().then(() => assert.fail('viem was let in'), (failure) => failure);
const told = limited.walk((cause) => cause instanceof LimitExceededRpcError);
assert.equal(told?.code, -32005, `viem: ${limited}`);
const once = new FetchRequest(env('BRAID_RPC'));
once.setThrottleParams({ maxAttempts: 1 });
const ethers = new JsonRpcProvider(once, network, { staticNetwork: network });
const turned = await ethers.send('eth_chainId', []).then(() => assert.fail('ethers was let in'), (failure) => failure);
assert.ok(isError(turned, 'SERVER_ERROR'), `ethers: ${turned}`);

await new Promise((resolve) => setTimeout(resolve, wait * 1000));
const answer = await fetch(env('BRAID_RPC'), { method: 'POST', headers, body: JSON.stringify(call(1)) });
assert.equal(answer.status, 200);
console.log('ok');
process.exit(0);
