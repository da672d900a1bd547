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

    function testFuzz_proposeOutput_notNextBlock_reverts(uint256 l2BlockNumber) public {
        vm.assume(l2BlockNumber != INTERVAL);
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeOracle.NotNextBlock.selector, INTERVAL, l2BlockNumber)
        );
        _propose(_claim("root"), BOND, l2BlockNumber);
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

    function testFuzz_getL2OutputIndexAfter_isTheFirstThatCovers(uint8 count, uint16 wanted)
        public
    {
        count = count % 20;
        for (uint256 i = 1; i <= count; ++i) {
            proposeClaim(USER, _claim(bytes32(i)));
        }
        if (wanted > uint256(count) * INTERVAL) {
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
        made.blockHash = blockHash;
    }
}
