// The error contract as viem and ethers see it: every row classified as meant, with one request, or as many as the client
// makes of what may pass.
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

// Runs `work`, which must fail; its error, after so many requests of `method`.
async function fails(name, method, work, meant = 1) {
  const before = await requests(method);
  const error = await work().then(
    (result) => assert.fail(`${name} succeeded: ${JSON.stringify(result)}`),
    (failure) => failure,
  );
  assert.equal((await requests(method)) - before, meant, `${name}: requests; ${error}`);
  return error;
}

for (const { name, method, counted, params, own, code, text, data, status, requests: made, ethers: word } of rows.calls) {
  const viem = await fails(`viem: ${name}`, counted, () => node.request({ method, params: own.viem ?? params }), made.viem);
  assert.ok(viem instanceof BaseError, `${name}: ${viem}`);
  const coded = viem.walk((cause) => typeof cause.code === 'number');
  assert.equal(coded?.code, code, `viem: ${name}: ${viem}`);
  assert.ok(viem.details.startsWith(text), `viem: ${name}: ${viem.details}`);
  if (data !== null) {
    assert.deepEqual(viem.walk((cause) => cause.data !== undefined)?.data, data, `viem: ${name}`);
  }
  const other = await fails(`ethers: ${name}`, counted, () => ethers.send(method, own.ethers ?? params), made.ethers);
  assert.ok(isError(other, word), `ethers: ${name}: ${other.code}: ${other}`);
  if (status !== 200) {
    // A refusal of the whole request: ethers hands the answer on.
    assert.equal(other.response.statusCode, status, `ethers: ${name}`);
    assert.equal(other.response.headers['retry-after'], '1', `ethers: ${name}`);
  }
  const told = status === 200 ? JSON.stringify(other.error ?? other.info) : other.response.bodyText;
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
console.log('ok');
process.exit(0);
