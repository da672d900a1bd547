// What viem says that a transaction costs is what it costs, to the wei: 1,000 random ones. viem serializes a stand-in for
// the transaction (fixed nonce, gas and fees), so for large ones, whose L1 fee their compressed size decides, it may differ
// by what those weigh; how much, 200 more tell.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createPublicClient, createWalletClient, defineChain, encodeFunctionData, http, parseAbi, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { chainConfig, publicActionsL2 } from 'viem/op-stack';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const COUNT = 1000;
const LARGE = 200;
const WAVE = 25;
// The L1 base fee below which it cannot fall: from there on it stands still, and so does the price of L1.
const L1_BASE_FEE = 7n;

const chain = defineChain({
  ...chainConfig,
  id: Number(env('BRAID_CHAIN_ID')),
  name: 'Braid',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [env('BRAID_RPC')] } },
  blockTime: 1000,
});
const account = privateKeyToAccount(env('BRAID_KEY'));
const options = { chain, transport: http(), pollingInterval: 200 };
const node = createPublicClient(options).extend(publicActionsL2());
const wallet = createWalletClient({ account, ...options });

// Numbers that a seed repeats; the seed is printed.
const seed = process.env.BRAID_SEED ?? String(Date.now());
console.log(`seed ${seed}`);
let drawn = 0;
const bytes = (length) => {
  const parts = [];
  for (let have = 0; have < length; have += 32) parts.push(createHash('sha256').update(`${seed}/${(drawn += 1)}`).digest());
  return toHex(Uint8Array.from(Buffer.concat(parts).subarray(0, length)));
};
const below = (limit) => Number(BigInt(bytes(6)) % BigInt(limit));

const erc20 = parseAbi(['function transfer(address to, uint256 amount)']);
const kinds = {
  transfer: () => ({ value: BigInt(below(1e15)) }),
  note: () => ({ value: BigInt(below(1e9)), data: bytes(1 + below(16)) }),
  token: () => ({
    data: encodeFunctionData({ abi: erc20, functionName: 'transfer', args: [bytes(20), BigInt(below(1e12))] }),
  }),
};
const large = () => ({ data: bytes(100 + below(3000)) });
const draw = (index) => {
  const [name, make] = index < COUNT ? Object.entries(kinds)[below(3)] : ['large', large];
  return { name, request: { to: bytes(20), ...make() } };
};

const rpc = async (method, params) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const headers = { 'content-type': 'application/json' };
  const answer = await (await fetch(env('BRAID_L1_RPC'), { method: 'POST', headers, body })).json();
  assert.equal(answer.error, undefined, JSON.stringify(answer));
};
const l1BaseFee = () => node.getL1BaseFee();
await rpc('anvil_setNextBlockBaseFeePerGas', [toHex(L1_BASE_FEE)]);
for (let waited = 0; (await l1BaseFee()) !== L1_BASE_FEE; waited += 1) {
  assert.ok(waited < 300, 'the L1 base fee did not come down');
  await new Promise((resolve) => setTimeout(resolve, 200));
}

const charged = (receipt) => receipt.gasUsed * receipt.effectiveGasPrice + BigInt(receipt.l1Fee) + BigInt(receipt.operatorFee ?? 0);
const exact = { transfer: 0, note: 0, token: 0 };
let farthest = 0;
for (let done = 0; done < COUNT + LARGE; done += WAVE) {
  const drawn = Array.from({ length: WAVE }, (_, index) => draw(done + index));
  const asked = ({ request }) => ({ account, ...request });
  const estimates = await Promise.all(drawn.map((one) => node.estimateTotalFee(asked(one))));
  const prepared = await Promise.all(
    drawn.map(async (one, index) => {
      const [gas, l1Fee] = await Promise.all([node.estimateGas(asked(one)), node.estimateL1Fee(asked(one))]);
      // The price that viem was told, which falls from block to block: the user pays just that.
      assert.equal((estimates[index] - l1Fee) % gas, 0n, `${estimates[index]} - ${l1Fee}, ${gas} gas`);
      return { ...one.request, type: 'legacy', gas, gasPrice: (estimates[index] - l1Fee) / gas };
    }),
  );
  let nonce = await node.getTransactionCount({ address: account.address, blockTag: 'pending' });
  const hashes = [];
  for (const request of prepared) {
    const serializedTransaction = await wallet.signTransaction({ ...request, nonce });
    hashes.push(await wallet.sendRawTransaction({ serializedTransaction }));
    nonce += 1;
  }
  for (const [index, hash] of hashes.entries()) {
    const receipt = await node.waitForTransactionReceipt({ hash });
    const { name, request } = drawn[index];
    const told = estimates[index];
    const took = charged(receipt);
    if (name !== 'large') {
      assert.equal(told, took, `${name} ${JSON.stringify(request.data)} in ${hash}`);
      exact[name] += 1;
    }
    const apart = Number(told > took ? told - took : took - told) / Number(receipt.l1Fee);
    farthest = Math.max(farthest, apart);
  }
}
console.log(`exact: ${JSON.stringify(exact)}; large ones apart by ${(farthest * 100).toFixed(2)} % of their L1 fee at most`);
assert.ok(Object.values(exact).every((count) => count > 250), 'every kind was drawn often');
assert.ok(farthest < 0.2, `a large transaction was told ${farthest} of its L1 fee wrong`);
console.log('ok');
