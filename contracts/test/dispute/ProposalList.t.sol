// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {IL2OutputOracle} from "../../src/interfaces/IL2OutputOracle.sol";
import {ITournaments} from "../../src/interfaces/ITournaments.sol";
import {Ledger} from "../../src/dispute/Ledger.sol";
import {Claims} from "../../src/libraries/Claims.sol";
import {Exits} from "../L1/Exits.sol";
import {vm} from "../Vm.sol";

/// @notice What wallets and indexers read of the list, and proposals that nobody disputes.
contract ProposalListTest is Exits {
    using Claims for Claims.BlockClaim;

    bytes private constant NOT_PROPOSED = abi.encodeWithSignature(
        "Error(string)", "L2OutputOracle: cannot get output for a block that has not been proposed"
    );

    function testFuzz_proposeOutput_pinsAndEmits(bytes32 seed) public {
        vm.prank(BATCHER);
        chain.batchInbox.postBatchCalldata(1, INTERVAL, "batch");
        chain.portal.depositTransaction(USER, 0, 21_000, false, "");
        Claims.BlockClaim memory last = _claim(seed);

        vm.expectEmit(address(chain.outputOracle));
        emit IL2OutputOracle.OutputProposed(last.outputRoot(), 1, INTERVAL, block.timestamp);
        vm.expectEmit(address(chain.outputOracle));
        emit IDisputeOracle.ProposalPinned(
            1,
            USER,
            last.hash(),
            rootBy(last.hash(), HEIGHT),
            chain.batchInbox.accumulator(),
            chain.portal.messageAccumulator(),
            uint64(block.number),
            blockhash(block.number - 1)
        );
        _propose(last, BOND, INTERVAL);
        IDisputeOracle.Proposal memory read = chain.outputOracle.proposal(1);
        vm.assertTrue(read.batchAccumulator != 0 && read.messageAccumulator != 0);
        vm.assertEq(read.timestamp, block.timestamp);
        vm.assertFalse(read.bondClaimed);
    }

    function testFuzz_proposeOutput_wrongBond_reverts(uint96 bond) public {
        vm.assume(bond != BOND);
        vm.expectRevert(abi.encodeWithSelector(ITournaments.WrongBond.selector, BOND, bond));
        _propose(_claim("root"), bond, INTERVAL);
    }

    /// @dev Any multiple that is not in the future, and nothing else.
    function testFuzz_proposeOutput_whichBlock(uint64 l2BlockNumber, bool isMultiple) public {
        if (isMultiple) l2BlockNumber -= l2BlockNumber % INTERVAL;
        if (isMultiple) l2BlockNumber %= 2 * AGE;
        Claims.BlockClaim memory last = _claim("root");
        last.number = l2BlockNumber;
        bool isNext = l2BlockNumber != 0 && l2BlockNumber % INTERVAL == 0;
        if (!isNext) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IDisputeOracle.NotNextBlock.selector, INTERVAL, l2BlockNumber
                )
            );
        } else if (l2BlockNumber > AGE) {
            vm.expectRevert(
                abi.encodeWithSelector(IDisputeOracle.BlockTooHigh.selector, AGE, l2BlockNumber)
            );
        }
        _propose(last, BOND, l2BlockNumber);
        if (!isNext || l2BlockNumber > AGE) return;
        vm.assertEq(chain.outputOracle.latestBlockNumber(), l2BlockNumber);
        vm.assertEq(chain.outputOracle.nextBlockNumber(), l2BlockNumber + INTERVAL);
    }

    function testFuzz_proposeOutput_claimOfOtherBlock_reverts(uint64 number) public {
        vm.assume(number != INTERVAL);
        Claims.BlockClaim memory last = _claim("root");
        last.number = number;
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeOracle.ClaimOfOtherBlock.selector, INTERVAL, number)
        );
        _propose(last, BOND, INTERVAL);
    }

    /// @dev To the second, and to the last place of a tree.
    function test_nextBlockNumber_coversWhatIsOlderThanTheLag() public {
        uint256 genesis = chain.outputOracle.GENESIS_TIME();
        vm.assertEq(chain.outputOracle.nextBlockNumber(), INTERVAL);
        vm.warp(genesis + LAG + 2 * INTERVAL - 1);
        vm.assertEq(chain.outputOracle.nextBlockNumber(), INTERVAL);
        vm.warp(genesis + LAG + 2 * INTERVAL);
        vm.assertEq(chain.outputOracle.nextBlockNumber(), 2 * INTERVAL);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeOracle.NotNextBlock.selector, 2 * INTERVAL, INTERVAL)
        );
        _propose(_claim("root"), BOND, INTERVAL);

        uint256 most = chain.outputOracle.MAX_BLOCKS();
        vm.assertEq(most, 2 ** HEIGHT / 32);
        vm.warp(genesis + 10 * most);
        uint256 last = most - most % INTERVAL;
        vm.assertEq(chain.outputOracle.nextBlockNumber(), last);
        Claims.BlockClaim memory beyond = _claim("root");
        beyond.number = uint64(last + INTERVAL);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeOracle.BlockTooHigh.selector, most, last + INTERVAL)
        );
        _propose(beyond, BOND, last + INTERVAL);
        proposeClaim(USER, _claim("root"));
        vm.assertEq(chain.outputOracle.latestBlockNumber(), last);
        vm.assertEq(chain.outputOracle.nextBlockNumber(), (last + most) / INTERVAL * INTERVAL);
    }

    /// @dev Before the genesis nothing can be proposed.
    function test_proposeOutput_beforeTheGenesis_reverts() public {
        vm.warp(chain.outputOracle.GENESIS_TIME() - 1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.BlockTooHigh.selector, 0, INTERVAL));
        _propose(_claim("root"), BOND, INTERVAL);
    }

    /// @dev For a block that L1 does not know, its hash reads as zero.
    function test_proposeOutput_l1BlockOldOrFuture_reverts() public {
        uint256[3] memory numbers = [block.number - 257, block.number, block.number + 1];
        bytes32 parent = genesisClaim().hash();
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IDisputeOracle.L1BlockUnknown.selector, numbers[i], 0)
            );
            chain.outputOracle.proposeOutput{value: BOND}(
                _claim("root"), new bytes32[](HEIGHT), parent, INTERVAL, 0, numbers[i]
            );
        }
    }

    /// @dev Whether its proposer can be paid is not for others to wait for.
    function test_claimBond_thenWithdraw_paysOnce() public {
        _propose(_claim("root"), BOND, INTERVAL);
        vm.warp(block.timestamp + WINDOW + 1);
        chain.outputOracle.claimBond(1);
        vm.assertEq(chain.outputOracle.credit(USER), BOND);
        chain.outputOracle.withdraw(USER);
        vm.assertEq(USER.balance, BOND);
        vm.assertEq(address(chain.outputOracle).balance, 0);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NoBond.selector, 1));
        chain.outputOracle.claimBond(1);
        vm.expectRevert(abi.encodeWithSelector(Ledger.NothingToWithdraw.selector, USER));
        chain.outputOracle.withdraw(USER);
    }

    function test_claimBond_unknown_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.NoBond.selector, 7));
        chain.outputOracle.claimBond(7);
    }

    function test_reads_genesisAlone() public {
        vm.assertEq(chain.outputOracle.latestOutputIndex(), 0);
        vm.assertEq(chain.outputOracle.latestBlockNumber(), 0);
        vm.assertEq(chain.outputOracle.nextBlockNumber(), INTERVAL);
        vm.assertEq(chain.outputOracle.getL2Output(0).outputRoot, genesisClaim().outputRoot());
        vm.assertEq(chain.outputOracle.getL2OutputIndexAfter(0), 0);
        vm.assertTrue(chain.outputOracle.isFinal(0));
        vm.expectRevert(NOT_PROPOSED);
        chain.outputOracle.getL2OutputIndexAfter(1);
        vm.expectRevert(abi.encodeWithSelector(IDisputeOracle.ProposalUnknown.selector, 1));
        chain.outputOracle.getL2Output(1);
    }

    function test_reads_legacyAbi() public {
        proposeClaim(USER, _claim("first"));
        nextL1Block();
        proposeClaim(USER, _claim("second"));

        vm.assertEq(chain.outputOracle.latestOutputIndex(), 2);
        vm.assertEq(chain.outputOracle.nextOutputIndex(), 3);
        vm.assertEq(chain.outputOracle.proposalCount(), 3);
        vm.assertEq(chain.outputOracle.latestBlockNumber(), 2 * INTERVAL);
        vm.assertEq(chain.outputOracle.nextBlockNumber(), 3 * INTERVAL);
        vm.assertEq(chain.outputOracle.SUBMISSION_INTERVAL(), INTERVAL);
        vm.assertEq(chain.outputOracle.L2_BLOCK_TIME(), 1);
        vm.assertEq(chain.outputOracle.FINALIZATION_PERIOD_SECONDS(), WINDOW);
        vm.assertEq(chain.outputOracle.version(), "2.0.0");
        IL2OutputOracle.OutputProposal memory output = chain.outputOracle.getL2Output(2);
        vm.assertEq(output.outputRoot, _claim("second").outputRoot());
        vm.assertEq(output.timestamp, block.timestamp);
        vm.assertEq(output.l2BlockNumber, 2 * INTERVAL);
    }

    /// @dev Of intervals of any lengths.
    function testFuzz_getL2OutputIndexAfter_isTheFirstThatCovers(
        uint8[] calldata lengths,
        uint16 wanted
    ) public {
        vm.warp(block.timestamp + LAG - AGE);
        uint256 latest = 0;
        for (uint256 i = 0; i < lengths.length && i < 20; ++i) {
            latest += (1 + lengths[i] % 40) * INTERVAL;
            proposeClaimUpTo(USER, _claim(bytes32(i)), uint64(latest));
        }
        wanted %= 30_000;
        if (wanted > latest) {
            vm.expectRevert(NOT_PROPOSED);
            chain.outputOracle.getL2OutputIndexAfter(wanted);
            return;
        }
        uint256 index = chain.outputOracle.getL2OutputIndexAfter(wanted);
        vm.assertGe(chain.outputOracle.getL2Output(index).l2BlockNumber, wanted);
        if (index > 0) {
            vm.assertTrue(chain.outputOracle.getL2Output(index - 1).l2BlockNumber < wanted);
        }
    }

    function _propose(Claims.BlockClaim memory last, uint256 bond, uint256 number) private {
        bytes32 parentClaim = genesisClaim().hash();
        vm.deal(USER, bond);
        vm.prank(USER);
        chain.outputOracle.proposeOutput{value: bond}(
            last,
            new bytes32[](HEIGHT),
            parentClaim,
            number,
            blockhash(block.number - 1),
            block.number - 1
        );
    }

    function _claim(bytes32 blockHash) private pure returns (Claims.BlockClaim memory made) {
        (made.blockHash, made.number) = (blockHash, INTERVAL);
    }
}
