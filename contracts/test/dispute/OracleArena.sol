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
/// @notice Proposals of one block each, unless said otherwise, and disputes about them, with a Portal that pays
///         by them. The trees hold twice as many claims as a block has segments: the rest is padding.
abstract contract OracleArena is Arena {
    using Claims for Claims.BlockClaim;

    bytes32 internal constant PARAMETERS_HASH = keccak256("parameters");

    Contracts internal chain;
    DisputeOracle internal oracle;
    Portal internal portal;
    /// @dev The withdrawals root that lies have.
    bytes32 internal falseWithdrawals;

    /// @notice What a proposal is judged by, and for which block it is.
    struct Made {
        bytes32[4] pins;
        uint64 number;
        /// Leaves that belong to blocks.
        uint256 places;
    }

    /// @dev The proposal that is played about, and all that were made.
    Made private _made;
    Made[] private _allMade;
    /// @dev The block that the false claims of a player are about, if it is not that of the last proposal.
    mapping(uint256 player => uint64) private _blockOf;
    /// @dev By so many blocks the false claims of a disputer are behind the proposal.
    uint64 internal behind;
    /// @dev The last claims of those who have proposed or disputed, as they were by then: later proposals have other pins.
    mapping(uint256 player => Claims.BlockClaim) private _claimed;
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

    /// @dev A new player proposes the next interval, and all of it follows from L1.
    function propose(Player memory player) internal returns (uint256) {
        _nextL1Block();
        uint64 next = uint64(oracle.nextBlockNumber());
        return proposeUpTo(player, next, next);
    }

    /// @dev A new player proposes up to block `l2Block`, in this L1 block, whose view ends with block `end`.
    function proposeUpTo(Player memory player, uint64 l2Block, uint64 end)
        internal
        returns (uint256 number)
    {
        number = players.length;
        players.push(player);
        _notePins(l2Block, end);
        _blockOf[number] = l2Block;
        START = oracle.proposal(oracle.latestOutputIndex()).claim;
        bytes32[] memory leaves = claimsOf(number);
        proposed[number] = leaves;
        putIn[account(number)] += BOND;
        vm.deal(account(number), BOND);
        Claims.BlockClaim memory last = lastOf(number, leaves);
        _claimed[number] = last;
        bytes32[] memory proof = Toy.proof(leaves, leaves.length - 1);
        vm.prank(account(number));
        oracle.proposeOutput{value: BOND}(
            last, proof, START, l2Block, blockhash(block.number - 1), block.number - 1
        );
    }

    /// @dev From now on it is played about the proposal with this index, of which none was removed before.
    function pinsOf(uint256 index) internal {
        _made = _allMade[index - 1];
    }

    /// @dev A new player disputes the proposal of another, which stands at an index.
    function disputeBy(Player memory player, uint256 proposer, uint256 index)
        internal
        returns (uint256 number)
    {
        number = players.length;
        players.push(player);
        START = oracle.proposal(index - 1).claim;
        _blockOf[number] = oracle.proposal(index).l2BlockNumber - behind;
        bytes32[] memory theirs = proposed[proposer];
        bytes32[] memory mine = claimsOf(number);
        _claimed[number] = lastOf(number, mine);
        (bytes32 left, bytes32 right) = Toy.children(theirs);
        bytes32[] memory proof = Toy.proof(mine, mine.length - 1);
        putIn[account(number)] += BOND;
        vm.deal(account(number), BOND);
        vm.prank(account(number));
        oracle.dispute{value: BOND}(index, left, right, mine[mine.length - 1], proof);
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
        return Toy.claim(memoryRoot, machine.ends(uint256(_made.pins[2])));
    }

    function _conclude() internal override returns (bytes32 winner) {
        winner = game.tournamentOf(TOP).waiting;
        bytes32[] memory leaves = leavesOf[TOP][playerOf[TOP][winner]];
        if (winner == 0) leaves = new bytes32[](1 << heights()[0]);
        uint256 player = playerOf[TOP][winner];
        Claims.BlockClaim memory last = _claimed[player];
        // Somebody who joined later.
        if (last.blockHash == 0) last = lastOf(player, leaves);
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
            proposalInterval: interval(),
            l2BlockTime: 1,
            proposalLag: lag(),
            genesisTime: 1_700_000_000 - 1000,
            parametersHash: PARAMETERS_HASH,
            genesis: Toy.claim("genesis", 0)
        });
    }

    function interval() internal pure virtual returns (uint64) {
        return 1;
    }

    /// @dev Longer than any test, so that the next multiple will always do.
    function lag() internal pure virtual returns (uint64) {
        return 365 days;
    }

    function _falseClaim(uint256 number, uint256 segment)
        internal
        view
        override
        returns (Claims.BlockClaim memory made)
    {
        uint64 l2Block = _blockOf[number] == 0 ? _made.number : _blockOf[number];
        made = Toy.claim(_false("claim", number, segment), l2Block);
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
            locals[i + 1] = _made.pins[i];
        }
        locals[5] = PARAMETERS_HASH;
        locals[6] = bytes32(segment < _made.places ? segment % 32 : 32);
    }

    function _notePins(uint64 l2Block, uint64 end) private {
        machine.setEnd(block.number, end);
        _made.pins = [
            chain.batchInbox.accumulator(),
            chain.portal.messageAccumulator(),
            bytes32(block.number),
            blockhash(block.number - 1)
        ];
        _made.number = l2Block;
        _made.places = (l2Block - oracle.latestBlockNumber()) * 32;
        _allMade.push(_made);
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
