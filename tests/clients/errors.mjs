// The error contract as viem and ethers see it: every row classified as meant, with one request.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { JsonRpcProvider, Network, isError } from 'ethers';
import { BaseError, createPublicClient, createWalletClient, defineChain, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { requests } from './metrics.mjs';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const rows = JSON.parse(readFileSync(env('BRAID_ROWS'), 'utf8'));
const id = Number(env('BRAID_CHAIN_ID'));
const chain = defineChain({
  id,
  name: 'Braid',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [env('BRAID_RPC')] } },
});
const account = privateKeyToAccount(env('BRAID_KEY'));
const node = createPublicClient({ chain, transport: http() });
const wallet = createWalletClient({ account, chain, transport: http() });
const network = Network.from(id);
const ethers = new JsonRpcProvider(env('BRAID_RPC'), network, { staticNetwork: network });

// Runs `work`, which must fail; its error, after one request of `method`.
async function fails(name, method, work) {
  const before = await requests(method);
  const error = await work().then(
    (result) => assert.fail(`${name} succeeded: ${JSON.stringify(result)}`),
    (failure) => failure,
  );
  assert.equal((await requests(method)) - before, 1, `${name}: requests; ${error}`);
  return error;
}

for (const { name, method, counted, params, code, text, data, ethers: word } of rows.calls) {
  const viem = await fails(`viem: ${name}`, counted, () => node.request({ method, params }));
  assert.ok(viem instanceof BaseError, `${name}: ${viem}`);
  const coded = viem.walk((cause) => typeof cause.code === 'number');
  assert.equal(coded?.code, code, `viem: ${name}: ${viem}`);
  assert.ok(viem.details.startsWith(text), `viem: ${name}: ${viem.details}`);
  if (data !== null) {
    assert.deepEqual(viem.walk((cause) => cause.data !== undefined)?.data, data, `viem: ${name}`);
  }
  const other = await fails(`ethers: ${name}`, counted, () => ethers.send(method, params));
  assert.ok(isError(other, word), `ethers: ${name}: ${other.code}: ${other}`);
  const told = JSON.stringify(other.error ?? other.info);
  assert.ok(told.includes(`"code":${code}`) && other.message !== undefined, `ethers: ${name}: ${told}`);
}

for (const { name, fields, viem: word } of rows.transactions) {
  const big = (value) => BigInt(value);
  const request = {
    to: fields.to,
    nonce: Number(fields.nonce),
    gas: big(fields.gas),
    value: big(fields.value),
    maxFeePerGas: big(fields.maxFeePerGas),
    maxPriorityFeePerGas: big(fields.maxPriorityFeePerGas),
    type: 'eip1559',
  };
  const error = await fails(`viem sends: ${name}`, 'eth_sendRawTransaction', () => wallet.sendTransaction(request));
  const found = error.walk((cause) => cause.name === word);
  assert.equal(found?.name, word, `${name}: ${error}`);
}

// Whoever asks too much is told how long to wait, and that is true.
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
await new Promise((resolve) => setTimeout(resolve, wait * 1000));
const answer = await fetch(env('BRAID_RPC'), { method: 'POST', headers, body: JSON.stringify(call(1)) });
assert.equal(answer.status, 200);
console.log('ok');
process.exit(0);
