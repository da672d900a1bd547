// A project as a user has it, but for the compiler, which is npm's and not downloaded.
const { subtask } = require('hardhat/config');
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require('hardhat/builtin-tasks/task-names');
const { join } = require('node:path');

const solc = join(__dirname, '../../../contracts/node_modules/solc');
const { version } = require(join(solc, 'package.json'));

subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async () => ({
  compilerPath: join(solc, 'soljson.js'),
  isSolcJs: true,
  version,
  longVersion: version,
}));

module.exports = {
  solidity: version,
  defaultNetwork: 'braid',
  networks: {
    braid: {
      url: process.env.BRAID_RPC ?? 'http://127.0.0.1:9545',
      accounts: process.env.BRAID_KEY ? [process.env.BRAID_KEY] : [],
    },
  },
  paths: { sources: './contracts', cache: process.env.BRAID_CACHE, artifacts: process.env.BRAID_ARTIFACTS },
};
