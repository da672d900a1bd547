#!/usr/bin/env node
// Writes artifacts/<Contract>.json, the ABI and bytecode that the Rust bindings are made from, or with
// `--check` fails when a committed file differs from what the sources give now. Settings that would make
// the bytecode depend on the machine are off in foundry.toml.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CONTRACTS = {
  L1: ['BatchInbox', 'L1CrossDomainMessenger', 'L1StandardBridge', 'Portal', 'SystemConfig'],
  L2: [
    'FeeVault',
    'GasPriceOracle',
    'L1Block',
    'L2CrossDomainMessenger',
    'L2StandardBridge',
    'L2ToL1MessagePasser',
    'OptimismMintableERC20Factory',
    'WETH9',
  ],
  bench: ['BenchPair', 'BenchSetup', 'BenchToken'],
  dispute: ['DisputeOracle'],
  universal: ['OptimismMintableERC20'],
  vm: ['Step'],
};

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const artifactsDir = join(root, 'artifacts');

function build() {
  const forge = process.env.FORGE ?? join(root, 'node_modules', '.bin', 'forge');
  execFileSync(forge, ['build', '--skip', 'test', '--skip', 'script'], { cwd: root, stdio: 'inherit' });
}

// One line per ABI entry, so that a change of the interface is a readable diff.
function render(name) {
  const built = JSON.parse(readFileSync(join(root, 'out', `${name}.sol`, `${name}.json`), 'utf8'));
  const abi = built.abi.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n');
  return [
    '{',
    '  "abi": [',
    abi,
    '  ],',
    `  "bytecode": ${JSON.stringify(built.bytecode.object)},`,
    `  "deployedBytecode": ${JSON.stringify(built.deployedBytecode.object)}`,
    '}',
    '',
  ].join('\n');
}

build();
const check = process.argv.includes('--check');
const expected = new Map(Object.values(CONTRACTS).flat().map((name) => [`${name}.json`, render(name)]));
mkdirSync(artifactsDir, { recursive: true });

const differing = [];
for (const [file, text] of expected) {
  const path = join(artifactsDir, file);
  const committed = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (committed === text) continue;
  differing.push(file);
  if (!check) writeFileSync(path, text);
}
const unknown = readdirSync(artifactsDir).filter((file) => !expected.has(file));

if (check && differing.length + unknown.length > 0) {
  console.error(`artifacts/ differs from the sources: ${[...differing, ...unknown].join(', ')}`);
  console.error('run `npm run artifacts` in contracts/ and commit the result');
  process.exit(1);
}
console.log(check ? 'artifacts/ matches the sources' : `artifacts/: ${differing.length} written`);
