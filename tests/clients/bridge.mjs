// The bridge with viem's op-stack actions as they are: deposits of every kind, tokens both ways, and withdrawals to their end.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  getContractAddress,
  http,
  parseAbi,
  parseEther,
  parseEventLogs,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import {
  chainConfig,
  getL2TransactionHashes,
  getWithdrawals,
  publicActionsL1,
  publicActionsL2,
  walletActionsL1,
  walletActionsL2,
} from 'viem/op-stack';

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const ether = { name: 'Ether', symbol: 'ETH', decimals: 18 };
const l1Chain = defineChain({
  id: Number(env('BRAID_L1_CHAIN_ID')),
  name: 'L1',
  nativeCurrency: ether,
  rpcUrls: { default: { http: [env('BRAID_L1_RPC')] } },
  contracts: { multicall3: { address: env('BRAID_MULTICALL3') } },
  blockTime: 1000,
});
const on = (address) => ({ [l1Chain.id]: { address } });
const l2Chain = defineChain({
  ...chainConfig,
  id: Number(env('BRAID_CHAIN_ID')),
  name: 'Braid',
  nativeCurrency: ether,
  rpcUrls: { default: { http: [env('BRAID_RPC')] } },
  contracts: {
    ...chainConfig.contracts,
    portal: on(env('BRAID_PORTAL')),
    l2OutputOracle: on(env('BRAID_OUTPUT_ORACLE')),
    l1StandardBridge: on(env('BRAID_BRIDGE')),
  },
  sourceId: l1Chain.id,
  blockTime: 1000,
});

const account = privateKeyToAccount(env('BRAID_KEY'));
const options = (chain) => ({ chain, transport: http(), pollingInterval: 500 });
const l1 = createPublicClient(options(l1Chain)).extend(publicActionsL1());
const l2 = createPublicClient(options(l2Chain)).extend(publicActionsL2());
const l1Wallet = createWalletClient({ account, ...options(l1Chain) }).extend(walletActionsL1());
const l2Wallet = createWalletClient({ account, ...options(l2Chain) }).extend(walletActionsL2());
const to = env('BRAID_TO');

// viem's ABI of this route does not name the portal's errors.
const PROOF_NOT_OLD_ENOUGH = /0xd9bc01be/;
const ALREADY_FINALIZED = /0x730a1074/;

// What an L1 transaction leads to on L2.
async function arrives(hash) {
  const sent = await l1.waitForTransactionReceipt({ hash });
  assert.equal(sent.status, 'success');
  const [l2Hash] = getL2TransactionHashes(sent);
  return l2.waitForTransactionReceipt({ hash: l2Hash });
}

// Ether.
const before = await l2.getBalance({ address: to });
const payment = await l2.buildDepositTransaction({ mint: 5000n, to });
const paid = await arrives(await l1Wallet.depositTransaction(payment));
assert.equal(paid.status, 'success');
assert.equal((await l2.getBalance({ address: to })) - before, 5000n);
const deposit = await l2.getTransaction({ hash: paid.transactionHash });
assert.equal(deposit.typeHex, '0x7e');
assert.equal(deposit.mint, 5000n);

// A creation, and a call of what it made.
// Code that stores the value of a call in slot 0, behind what returns it.
const initcode = '0x60048060095f395ff3' + '345f5500';
const creation = await l2.buildDepositTransaction({ account, data: initcode, isCreation: true });
const created = await arrives(await l1Wallet.depositTransaction(creation));
assert.equal(created.status, 'success');
const { nonce } = await l2.getTransaction({ hash: created.transactionHash });
const contract = getContractAddress({ from: account.address, nonce: BigInt(nonce) });
assert.equal(created.contractAddress.toLowerCase(), contract.toLowerCase());
const call = await l2.buildDepositTransaction({ account, mint: 7n, value: 7n, to: contract, data: '0x01' });
assert.equal((await arrives(await l1Wallet.depositTransaction(call))).status, 'success');
assert.equal(BigInt(await l2.getStorageAt({ address: contract, slot: '0x0' })), 7n);

// A contract on L1 has another address on L2.
const portalAbi = parseAbi(['function depositTransaction(address to, uint256 value, uint64 gas, bool isCreation, bytes data) payable']);
const multicallAbi = parseAbi([
  'struct Call { address target; bool allowFailure; uint256 value; bytes callData; }',
  'function aggregate3Value(Call[] calls) payable',
]);
const callData = encodeFunctionData({ abi: portalAbi, functionName: 'depositTransaction', args: [to, 3n, 21000n, false, '0x'] });
const many = await l1Wallet.writeContract({
  address: env('BRAID_MULTICALL3'),
  abi: multicallAbi,
  functionName: 'aggregate3Value',
  args: [[{ target: env('BRAID_PORTAL'), allowFailure: false, value: 3n, callData }]],
  value: 3n,
});
const aliased = await arrives(many);
const alias = (BigInt(env('BRAID_MULTICALL3')) + 0x1111000000000000000000000000000000001111n) % (1n << 160n);
assert.equal(BigInt(aliased.from), alias);
assert.equal(aliased.status, 'success');

// A deposit that fails on L2 keeps what was paid in.
const rich = await l2.getBalance({ address: account.address });
const failing = await arrives(await l1Wallet.depositTransaction({ targetChain: l2Chain, request: { mint: 11n, value: parseEther('1000000000'), to, gas: 50000n } }));
assert.equal(failing.status, 'reverted');
assert.equal((await l2.getBalance({ address: account.address })) - rich, 11n);

// A token of L1, and the one that stands for it on L2.
const artifact = JSON.parse(readFileSync(env('BRAID_TOKEN'), 'utf8'));
const bytecode = artifact.bytecode.startsWith('0x') ? artifact.bytecode : `0x${artifact.bytecode}`;
const tokenAbi = parseAbi([
  'constructor(uint256 supply)',
  'function approve(address spender, uint256 amount) returns (bool)',
  'function balanceOf(address) view returns (uint256)',
]);
const bridgeAbi = parseAbi([
  'function bridgeERC20(address localToken, address remoteToken, uint256 amount, uint32 minGasLimit, bytes extraData)',
  'function bridgeETHTo(address to, uint32 minGasLimit, bytes extraData) payable',
]);
const factoryAbi = parseAbi([
  'function createOptimismMintableERC20(address remoteToken, string name, string symbol) returns (address)',
  'event OptimismMintableERC20Created(address indexed localToken, address indexed remoteToken, address deployer)',
]);
const l1Bridge = env('BRAID_BRIDGE');
const l2Bridge = chainConfig.contracts.l2StandardBridge.address;
const deployed = await l1.waitForTransactionReceipt({ hash: await l1Wallet.deployContract({ abi: tokenAbi, bytecode, args: [1000n] }) });
const l1Token = deployed.contractAddress;
const factory = '0x4200000000000000000000000000000000000012';
const making = await l2Wallet.writeContract({ address: factory, abi: factoryAbi, functionName: 'createOptimismMintableERC20', args: [l1Token, 'Token', 'TKN'] });
const [{ args: { localToken: l2Token } }] = parseEventLogs({ abi: factoryAbi, logs: (await l2.waitForTransactionReceipt({ hash: making })).logs });
const has = (client, address) => client.readContract({ address, abi: tokenAbi, functionName: 'balanceOf', args: [account.address] });
const approval = await l1Wallet.writeContract({ address: l1Token, abi: tokenAbi, functionName: 'approve', args: [l1Bridge, 700n] });
await l1.waitForTransactionReceipt({ hash: approval });
const tokens = await arrives(
  await l1Wallet.writeContract({ address: l1Bridge, abi: bridgeAbi, functionName: 'bridgeERC20', args: [l1Token, l2Token, 700n, 200000, '0x'] }),
);
assert.equal(tokens.status, 'success');
assert.equal(await has(l2, l2Token), 700n);
const gift = await l2.getBalance({ address: to });
await arrives(await l1Wallet.writeContract({ address: l1Bridge, abi: bridgeAbi, functionName: 'bridgeETHTo', args: [to, 100000, '0x'], value: 9n }));
assert.equal((await l2.getBalance({ address: to })) - gift, 9n);
const leaving = await l2Wallet.writeContract({ address: l2Bridge, abi: bridgeAbi, functionName: 'bridgeERC20', args: [l2Token, l1Token, 300n, 200000, '0x'] });
const left = await l2.waitForTransactionReceipt({ hash: leaving });
assert.equal(left.status, 'success');
assert.equal(await has(l2, l2Token), 400n);

// There and back again.
const value = parseEther('0.01');
const into = await arrives(await l1Wallet.depositTransaction({ targetChain: l2Chain, request: { mint: value, to: account.address, gas: 50000n } }));
assert.equal(into.status, 'success');
const request = await l1.buildInitiateWithdrawal({ to, value });
const initiated = await l2.waitForTransactionReceipt({ hash: await l2Wallet.initiateWithdrawal(request) });
assert.equal(initiated.status, 'success');
const [withdrawal] = getWithdrawals(initiated);
const status = () => l1.getWithdrawalStatus({ receipt: initiated, targetChain: l2Chain });
const first = await status();
assert.ok(['waiting-to-prove', 'ready-to-prove'].includes(first), first);

const { output } = await l1.waitToProve({ receipt: initiated, targetChain: l2Chain });
assert.equal(await status(), 'ready-to-prove');
const proof = await l2.buildProveWithdrawal({ account, output, withdrawal });
const gas = await l1.estimateProveWithdrawalGas({ ...proof, account });
const proven = await l1.waitForTransactionReceipt({ hash: await l1Wallet.proveWithdrawal(proof) });
assert.equal(proven.status, 'success');
assert.ok(proven.gasUsed <= gas, `${proven.gasUsed} of ${gas}`);
assert.equal(await status(), 'waiting-to-finalize');
await assert.rejects(l1Wallet.finalizeWithdrawal({ targetChain: l2Chain, withdrawal }), PROOF_NOT_OLD_ENOUGH);

const [message] = getWithdrawals(left);
const shown = await l1.waitToProve({ receipt: left, targetChain: l2Chain });
const tokenProof = await l2.buildProveWithdrawal({ account, output: shown.output, withdrawal: message });
await l1.waitForTransactionReceipt({ hash: await l1Wallet.proveWithdrawal(tokenProof) });

await l1.waitToFinalize({ withdrawalHash: withdrawal.withdrawalHash, targetChain: l2Chain });
assert.equal(await status(), 'ready-to-finalize');
const poor = await l1.getBalance({ address: to });
const made = await l1.waitForTransactionReceipt({ hash: await l1Wallet.finalizeWithdrawal({ targetChain: l2Chain, withdrawal }) });
assert.equal(made.status, 'success');
assert.equal((await l1.getBalance({ address: to })) - poor, value);
assert.equal(await status(), 'finalized');
await assert.rejects(l1Wallet.finalizeWithdrawal({ targetChain: l2Chain, withdrawal }), ALREADY_FINALIZED);

// So have the tokens come back, and no more of them than left.
await l1.waitToFinalize({ withdrawalHash: message.withdrawalHash, targetChain: l2Chain });
const last = await l1Wallet.finalizeWithdrawal({ targetChain: l2Chain, withdrawal: message });
assert.equal((await l1.waitForTransactionReceipt({ hash: last })).status, 'success');
assert.equal(await has(l1, l1Token), 600n);
console.log('ok');
