// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DisputeOracle} from "../../src/dispute/DisputeOracle.sol";
import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {Exits} from "../L1/Exits.sol";
import {vm} from "../Vm.sol";

/// @notice For how long a liar can hold up the list of proposals: whatever time a dispute took, one proposal covers
///         all of it. Liars here say nothing more once they are disputed.
contract DelaysTest is Exits {
    using Claims for Claims.BlockClaim;

    /// @dev Shorter than a dispute is, as in production.
    uint64 private constant SHORT_LAG = 20 minutes;
    /// @dev So many seconds after its time a block follows from L1, in these tests.
    uint256 private constant POSTED_AFTER = 5 minutes;

    DisputeOracle private oracle;

    function setUp() public override {
        super.setUp();
        DisputeOracle.OracleParameters memory parameters = configuration().oracle;
        parameters.batchInbox = address(chain.batchInbox);
        parameters.portal = address(chain.portal);
        parameters.proposalLag = SHORT_LAG;
        oracle = new DisputeOracle(configuration().disputes, parameters);
        chain.outputOracle = oracle;
    }

    function test_afterADispute_oneProposalCoversAllSince() public {
        proposeClaim(PROPOSER, _claim("lie"));
        uint64 first = uint64(oracle.latestBlockNumber());
        _decide(1, _claimOf("truth", first), 3 * WINDOW);
        vm.assertEq(oracle.latestBlockNumber(), first);

        uint256 covered = block.timestamp - SHORT_LAG - oracle.GENESIS_TIME();
        uint256 least = covered - covered % INTERVAL;
        vm.assertEq(oracle.nextBlockNumber(), least);
        vm.assertGe(least, first + 2 * INTERVAL);
        _expectRefused(first + INTERVAL, IDisputeOracle.NotNextBlock.selector, least);
        _expectRefused(least - INTERVAL, IDisputeOracle.NotNextBlock.selector, least);
        proposeClaim(PROPOSER, _claim("all"));
        vm.assertEq(oracle.latestBlockNumber(), least);
        vm.assertEq(oracle.proposal(2).parentBlockNumber, first);
        vm.assertEq(oracle.getL2OutputIndexAfter(first + 1), 2);
    }

    /// @dev To the second.
    function test_future_isRefused() public {
        uint256 number = 2 * AGE / INTERVAL * INTERVAL;
        vm.warp(oracle.GENESIS_TIME() + number - 1);
        _expectRefused(number, IDisputeOracle.BlockTooHigh.selector, number - 1);
        vm.warp(oracle.GENESIS_TIME() + number);
        proposeClaimUpTo(PROPOSER, _claim("now"), uint64(number));
        vm.assertEq(oracle.latestBlockNumber(), number);
    }

    /// @dev What follows from L1 ends before the proposal does. The list goes on behind that.
    function test_shorterWinner_standsWithItsBlock() public {
        uint64 asked = uint64(oracle.nextBlockNumber());
        proposeClaim(PROPOSER, _claim("too early"));
        uint64 end = asked - 7;
        _decide(1, _claimOf("truth", end), WINDOW);
        IDisputeOracle.Proposal memory stands = oracle.proposal(1);
        vm.assertEq(stands.l2BlockNumber, end);
        vm.assertEq(stands.parentBlockNumber, 0);
        vm.assertEq(stands.outputRoot, _claimOf("truth", end).outputRoot());
        vm.assertEq(oracle.proposalById(1).l2BlockNumber, asked);
        vm.assertTrue(oracle.isFinal(1));
        vm.assertEq(oracle.latestBlockNumber(), end);
        vm.assertEq(oracle.getL2OutputIndexAfter(end), 1);
        vm.expectRevert(
            abi.encodeWithSignature(
                "Error(string)",
                "L2OutputOracle: cannot get output for a block that has not been proposed"
            )
        );
        oracle.getL2OutputIndexAfter(end + 1);

        uint256 next = oracle.nextBlockNumber();
        vm.assertEq(next % INTERVAL, 0);
        proposeClaim(PROPOSER, _claim("next"));
        vm.assertEq(oracle.proposal(2).parentBlockNumber, end);
        vm.assertEq(oracle.proposal(2).l2BlockNumber, next);
    }

    /// @dev Nothing follows, or the claim is about a block that is not in the interval. The interval can be proposed
    ///      again.
    function test_winnerOutsideTheInterval_leavesNothing() public {
        for (uint256 i = 0; i < 2; ++i) {
            uint64 asked = uint64(oracle.nextBlockNumber());
            proposeClaim(PROPOSER, _claim("lie"));
            Claims.BlockClaim memory last = i == 0 ? genesisClaim() : _claimOf("beyond", asked + 1);
            _decide(1, last, WINDOW);
            vm.assertEq(oracle.proposalCount(), 1);
            vm.assertEq(oracle.latestBlockNumber(), 0);
            vm.assertEq(oracle.proposal(0).claim, genesisClaim().hash());
        }
        proposeClaim(PROPOSER, _claim("truth"));
        vm.assertEq(oracle.idOf(1), 3);
        vm.assertEq(oracle.proposal(1).parentBlockNumber, 0);
    }

    /// @dev Somebody proposes a lie first after each dispute, about whatever block is allowed, and has each dispute
    ///      last as long as it likes. Every block is final with the end of the second dispute after it was made.
    function testFuzz_griefer_delaysABlockByTwoDisputes(uint256 seed) public {
        uint256[] memory newest = new uint256[](6);
        for (uint256 round = 0; round < newest.length; ++round) {
            nextL1Block();
            newest[round] = block.timestamp - oracle.GENESIS_TIME();
            uint256 number = _anyAllowed(seed = uint256(keccak256(abi.encode(seed))));
            proposeClaimUpTo(PROPOSER, _claim(bytes32(round)), uint64(number));
            uint256 index = oracle.latestOutputIndex();
            uint256 follows = newest[round] - POSTED_AFTER;
            uint64 end = uint64(follows < number ? follows : number);
            _decide(index, _claimOf("truth", end), WINDOW + seed % (2 * WINDOW));

            vm.assertTrue(oracle.isFinal(oracle.latestOutputIndex()));
            if (round > 0) vm.assertGe(oracle.latestBlockNumber(), newest[round - 1]);
        }
    }

    /// @dev Block numbers and the index share a word, so a proposal has nine.
    function test_proposal_hasNineWords() public {
        vm.record();
        proposeClaim(PROPOSER, _claim("root"));
        (, bytes32[] memory writes) = vm.accesses(address(oracle));
        uint256 distinct = 0;
        for (uint256 i = 0; i < writes.length; ++i) {
            uint256 before = 0;
            while (before < i && writes[before] != writes[i]) ++before;
            if (before == i) ++distinct;
        }
        // The others are its place in the list, and the counters.
        vm.assertEq(distinct, 9 + 2);
    }

    /// @dev Disputes a proposal with this last claim, and resolves it after so long, when its proposer has said
    ///      nothing.
    function _decide(uint256 index, Claims.BlockClaim memory last, uint256 time) private {
        bytes32[] memory proof = new bytes32[](HEIGHT);
        IDisputeOracle.Proposal memory judged = oracle.proposal(index);
        vm.deal(DISPUTER, BOND);
        vm.prank(DISPUTER);
        oracle.dispute{value: BOND}(index, 0, rootBy(judged.claim, HEIGHT - 1), last.hash(), proof);
        judged = oracle.proposal(index);
        bytes32 other = rootBy(last.hash(), HEIGHT);
        vm.warp(block.timestamp + WINDOW);
        oracle.timeout(oracle.matchId(judged.tournament, judged.segmentsRoot, other));
        vm.warp(block.timestamp + time - WINDOW);
        oracle.resolve(judged.tournament, last.hash(), proof, last);
    }

    function _anyAllowed(uint256 seed) private view returns (uint256) {
        uint256 least = oracle.nextBlockNumber();
        uint256 most = block.timestamp - oracle.GENESIS_TIME();
        uint256 choices = (most - least) / INTERVAL + 1;
        return least + (seed % choices) * INTERVAL;
    }

    function _expectRefused(uint256 number, bytes4 why, uint256 expected) private {
        Claims.BlockClaim memory last = _claimOf("last", uint64(number));
        bytes32 parent = oracle.proposal(oracle.latestOutputIndex()).claim;
        bytes32 hash = blockhash(block.number - 1);
        vm.deal(PROPOSER, BOND);
        vm.expectRevert(abi.encodeWithSelector(why, expected, number));
        vm.prank(PROPOSER);
        oracle.proposeOutput{value: BOND}(
            last, new bytes32[](HEIGHT), parent, number, hash, block.number - 1
        );
    }

    function _claim(bytes32 blockHash) private pure returns (Claims.BlockClaim memory) {
        return _claimOf(blockHash, 0);
    }

    function _claimOf(bytes32 blockHash, uint64 number)
        private
        pure
        returns (Claims.BlockClaim memory made)
    {
        (made.blockHash, made.number) = (blockHash, number);
    }
}
