// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Configuration, Contracts, Deployment} from "../../script/Deployment.sol";
import {Portal} from "../../src/L1/Portal.sol";
import {DisputeOracle} from "../../src/dispute/DisputeOracle.sol";
import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {ISystemConfig} from "../../src/interfaces/ISystemConfig.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {vm} from "../Vm.sol";
import {Arena} from "./Arena.sol";
import {Player} from "./Cast.sol";
import {Toy} from "./Toy.sol";

/// @title OracleArena
/// @notice Proposals of one block each, and disputes about them, with a Portal that pays by them. The trees
///         hold twice as many claims as a block has segments: the rest is padding.
abstract contract OracleArena is Arena {
    using Claims for Claims.BlockClaim;

    bytes32 internal constant PARAMETERS_HASH = keccak256("parameters");

    Contracts internal chain;
    DisputeOracle internal oracle;
    Portal internal portal;
    bool internal measures;
    /// @dev The withdrawals root that lies have.
    bytes32 internal falseWithdrawals;
    /// @dev What the proposal that is played about pins.
    bytes32[4] private _pins;
    bytes32[4][] private proposalsMade;
    /// @dev Trees of proposers.
    mapping(uint256 player => bytes32[]) internal proposed;

    function heights() internal pure virtual override returns (uint8[3] memory) {
        return [6, 3, 3];
    }

    function setUp() public virtual override {
        vm.roll(1000);
        vm.setBlockhash(999, keccak256("block 999"));
        super.setUp();
    }

    /// @dev A new player proposes the next interval.
    function propose(Player memory player) internal returns (uint256 number) {
        number = players.length;
        players.push(player);
        _nextL1Block();
        _pins = [
            chain.batchInbox.accumulator(),
            chain.portal.messageAccumulator(),
            bytes32(block.number),
            blockhash(block.number - 1)
        ];
        proposalsMade.push(_pins);
        START = oracle.proposal(oracle.latestOutputIndex()).claim;
        bytes32[] memory leaves = claimsOf(number);
        proposed[number] = leaves;
        putIn[account(number)] += BOND;
        vm.deal(account(number), BOND);
        Claims.BlockClaim memory last = lastOf(number, leaves);
        bytes32[] memory proof = Toy.proof(leaves, leaves.length - 1);
        uint256 next = oracle.nextBlockNumber();
        vm.prank(account(number));
        oracle.proposeOutput{value: BOND}(
            last, proof, START, next, blockhash(block.number - 1), block.number - 1
        );
    }

    /// @dev From now on it is played about the proposal with this index, of which none was removed before.
    function pinsOf(uint256 index) internal {
        _pins = proposalsMade[index - 1];
    }

    /// @dev A new player disputes the proposal of another, which stands at an index.
    function disputeBy(Player memory player, uint256 proposer, uint256 index)
        internal
        returns (uint256 number)
    {
        number = players.length;
        players.push(player);
        START = oracle.proposal(index - 1).claim;
        bytes32[] memory theirs = proposed[proposer];
        bytes32[] memory mine = claimsOf(number);
        (bytes32 left, bytes32 right) = Toy.children(theirs);
        bytes32[] memory proof = Toy.proof(mine, mine.length - 1);
        putIn[account(number)] += BOND;
        vm.deal(account(number), BOND);
        vm.prank(account(number));
        oracle.dispute{value: BOND}(index, left, right, mine[mine.length - 1], proof);
        if (measures) vm.snapshotGasLastCall("proposals", "dispute, trees of 6 levels");
        TOP = oracle.proposal(index).tournament;
        leavesOf[TOP][proposer] = theirs;
        playerOf[TOP][Toy.root(theirs)] = proposer;
        leavesOf[TOP][number] = mine;
        playerOf[TOP][Toy.root(mine)] = number;
        _readLogs();
    }

    /// @dev What stands behind the last leaf of a player's tree.
    function lastOf(uint256 number, bytes32[] memory leaves)
        internal
        view
        returns (Claims.BlockClaim memory)
    {
        uint256 last = leaves.length - 1;
        if (players[number].segment <= last) return _falseClaim(number, last);
        (, bytes memory state) = _strides(leaves[last - 1], last);
        (bytes32 memoryRoot,,) = Toy.decode(state);
        return Toy.claim(memoryRoot);
    }

    function _conclude() internal override returns (bytes32 winner) {
        winner = game.tournamentOf(TOP).waiting;
        bytes32[] memory leaves = leavesOf[TOP][playerOf[TOP][winner]];
        if (winner == 0) leaves = new bytes32[](1 << heights()[0]);
        Claims.BlockClaim memory last = lastOf(playerOf[TOP][winner], leaves);
        bytes32[] memory proof = Toy.proof(leaves, leaves.length - 1);
        oracle.resolve(TOP, leaves[leaves.length - 1], proof, last);
    }

    function _deploy() internal virtual override {
        Configuration memory configuration;
        configuration.owner = address(1);
        configuration.parameters = ISystemConfig.Parameters(address(2), 60_000_000, 1, 1, 0, 0);
        // Its own oracle is not played on: it has the real machine.
        configuration.disputes = parameters();
        configuration.oracle = oracleParameters();
        chain = Deployment.run(configuration, address(this));
        oracle = new DisputeOracle(parameters(), oracleParameters());
        portal = new Portal(address(chain.systemConfig), address(oracle), address(0), 0);
        game = oracle;
        vm.recordLogs();
    }

    function oracleParameters() internal view returns (DisputeOracle.OracleParameters memory) {
        return DisputeOracle.OracleParameters({
            batchInbox: address(chain.batchInbox),
            portal: address(chain.portal),
            proposalInterval: 1,
            l2BlockTime: 1,
            parametersHash: PARAMETERS_HASH,
            genesis: Toy.claim("genesis")
        });
    }

    function _falseClaim(uint256 number, uint256 segment)
        internal
        view
        override
        returns (Claims.BlockClaim memory made)
    {
        made = Toy.claim(_false("claim", number, segment));
        made.withdrawalsRoot = falseWithdrawals;
    }

    function _localsOf(bytes32 claim, uint256 segment)
        internal
        view
        override
        returns (bytes32[] memory locals)
    {
        locals = new bytes32[](7);
        locals[0] = claim;
        for (uint256 i = 0; i < 4; ++i) {
            locals[i + 1] = _pins[i];
        }
        locals[5] = PARAMETERS_HASH;
        locals[6] = bytes32(segment < 32 ? segment : 32);
    }

    /// @dev With a deposit, so that there is something to pin.
    function _nextL1Block() internal {
        vm.setBlockhash(block.number, keccak256(abi.encode("block", block.number)));
        vm.roll(block.number + 1);
        vm.warp(block.timestamp + 12);
        vm.prank(address(2));
        chain.batchInbox.postBatchCalldata(1, 1, "batch");
        chain.portal.depositTransaction(address(3), 0, 21_000, false, "");
    }
}
