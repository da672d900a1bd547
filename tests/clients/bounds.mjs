// What viem and ethers make of refusals that are about no method: bodies, batches and answers that are too long, keys that
// nobody was given, and calls that fail inside an answer. None of them is repeated.
import assert from 'node:assert/strict';
import { FetchRequest, JsonRpcProvider, Network, isError } from 'ethers';
import { createPublicClient, http } from 'viem';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const url = env('BRAID_RPC');
const network = Network.from(Number(env('BRAID_CHAIN_ID')));

// Clients whose requests are counted.
let made = 0;
const counting = (options = {}) =>
  createPublicClient({ transport: http(options.url ?? url, { ...options, onFetchRequest: () => { made += 1; } }) });
const ethersAt = (address, options = {}) => {
  const request = new FetchRequest(address);
  request.preflightFunc = async (sent) => { made += 1; return sent; };
  return new JsonRpcProvider(request, network, { staticNetwork: network, ...options });
};

// Runs `work`, which must fail after one request; its error.
async function fails(name, work) {
  made = 0;
  const error = await work().then((result) => assert.fail(`${name} succeeded: ${result}`), (failure) => failure);
  assert.equal(made, 1, `${name}: requests; ${error}`);
  return error;
}
const coded = (error) => error.walk((cause) => typeof cause.code === 'number')?.code;
const send = (raw) => ({ method: 'eth_sendRawTransaction', params: [raw] });

const long = `0x${'00'.repeat(2_700_000)}`;
assert.equal(coded(await fails('viem: long body', () => counting().request(send(long)))), -32600);
// The refusal has no id, because nothing was parsed, and ethers looks for one.
const lost = await fails('ethers: long body', () => ethersAt(url, { batchMaxCount: 1 }).send('eth_sendRawTransaction', [long]));
assert.ok(isError(lost, 'BAD_DATA') || isError(lost, 'UNKNOWN_ERROR'), `${lost.code}: ${lost}`);

// viem never makes a batch that long unless it is told to, and then it cannot read one error for all of it.
const batches = ethersAt(url, { batchMaxCount: 1_001, batchStallTime: 50 });
await fails('ethers: long batch', () => Promise.all(Array.from({ length: 1_001 }, (_, index) => batches.send('eth_getBlockByNumber', [`0x${index.toString(16)}`, false]))));

// Calls that return a mebibyte each, as hexadecimal.
const returns = { to: `0x${'77'.repeat(20)}`, gas: '0x2dc6c0' };
const code = '0x621000005ff3';
const simulation = [{ blockStateCalls: [{ stateOverrides: { [returns.to]: { code } }, calls: Array(13).fill(returns) }] }, 'latest'];
const answer = { method: 'eth_simulateV1', params: simulation };
assert.equal(coded(await fails('viem: long answer', () => counting().request(answer))), -32008);
const longer = await fails('ethers: long answer', () => ethersAt(url).send('eth_simulateV1', simulation));
assert.equal(longer.error?.code, -32008, `${longer}`);

const stranger = `${url}/?api_key=0123456789abcdef`;
assert.equal(coded(await fails('viem: key', () => counting({ url: stranger }).getChainId())), -32001);
const unknown = await fails('ethers: key', () => ethersAt(stranger).send('eth_chainId', []));
assert.ok(isError(unknown, 'SERVER_ERROR') && unknown.response.statusCode === 401, `${unknown}`);

// A call that halts inside a simulation is no error of the request.
made = 0;
const halts = { to: `0x${'78'.repeat(20)}`, gas: 100_000n };
const { results } = await counting().simulateCalls({ calls: [halts], stateOverrides: [{ address: halts.to, code: '0xfe' }] });
assert.equal(results[0].status, 'failure');
assert.equal(made, 1, 'viem: simulation');
console.log('ok');
process.exit(0);
