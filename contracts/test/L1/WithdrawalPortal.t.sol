// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Portal} from "../../src/L1/Portal.sol";
import {WithdrawalPortal} from "../../src/L1/WithdrawalPortal.sol";
import {IDisputeOracle} from "../../src/interfaces/IDisputeOracle.sol";
import {IPortal} from "../../src/interfaces/IPortal.sol";
import {IWithdrawalPortal} from "../../src/interfaces/IWithdrawalPortal.sol";
import {OutputRootProof} from "../../src/libraries/Outputs.sol";
import {WithdrawalTransaction} from "../../src/libraries/Withdrawals.sol";
import {Vm, vm} from "../Vm.sol";
import {Exits} from "./Exits.sol";

/// @notice Notes who called it and how, and does what it is told.
contract Target {
    uint256 public calls;
    uint256 public value;
    uint256 public gas;
    address public l2Sender;
    bytes public data;

    bytes private _then;
    bool private _fails;

    function doThen(bytes calldata call_) external {
        _then = call_;
    }

    function fail() external {
        _fails = true;
    }

    receive() external payable {
        _note(gasleft());
    }

    fallback() external payable {
        _note(gasleft());
    }

    function _note(uint256 left) private {
        gas = left;
        ++calls;
        (value, data) = (msg.value, msg.data);
        l2Sender = Portal(payable(msg.sender)).l2Sender();
        if (_then.length > 0) {
            (bool done, bytes memory why) = msg.sender.call(_then);
            if (!done) {
                assembly {
                    revert(add(why, 32), mload(why))
                }
            }
        }
        require(!_fails);
    }
}

/// @notice Returns more than anybody wants to pay for.
contract Bomb {
    receive() external payable {}

    fallback() external payable {
        assembly {
            revert(0, 1000000)
        }
    }
}

contract WithdrawalPortalTest is Exits {
    Target private target = new Target();

    function setUp() public override {
        super.setUp();
        vm.deal(address(chain.portal), 100 ether);
    }

    function testFuzz_withdrawal_isMadeOnceByAnybody(
        address sender,
        uint64 value,
        uint24 gasLimit,
        bytes memory data,
        address prover,
        address finalizer
    ) public {
        vm.assume(sender != address(0));
        // None of the target's own functions.
        data = bytes.concat(bytes4(0), data);
        WithdrawalTransaction memory withdrawal =
            WithdrawalTransaction(1 << 240, sender, address(target), value, gasLimit, data);
        bytes32 name = hashOf(withdrawal);
        Proven memory proven = propose(withdrawal);
        vm.expectEmit(address(chain.portal));
        emit IWithdrawalPortal.WithdrawalProven(name, sender, address(target));
        vm.prank(prover);
        prove(withdrawal, proven);
        (bytes32 root, uint128 timestamp, uint128 index) = chain.portal.provenWithdrawals(name);
        vm.assertEq(root, proven.outputRoot);
        vm.assertEq(timestamp, block.timestamp);
        vm.assertEq(index, proven.index);

        vm.warp(block.timestamp + WINDOW + 1);
        vm.expectEmit(address(chain.portal));
        emit IWithdrawalPortal.WithdrawalFinalized(name, true);
        vm.prank(finalizer);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.assertTrue(chain.portal.finalizedWithdrawals(name));
        vm.assertEq(target.calls(), 1);
        vm.assertEq(target.value(), value);
        vm.assertGe(target.gas(), uint256(gasLimit) * 99 / 100);
        vm.assertEq(target.data(), data);
        vm.assertEq(target.l2Sender(), sender);
        vm.assertEq(chain.portal.l2Sender(), 0x000000000000000000000000000000000000dEaD);
        vm.assertEq(address(chain.portal).balance, 100 ether - value);

        vm.expectRevert(IWithdrawalPortal.OptimismPortal_AlreadyFinalized.selector);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_AlreadyProven.selector);
        prove(withdrawal, proven);
    }

    function test_prove_thePortalItself_reverts() public {
        WithdrawalTransaction memory withdrawal = simple();
        withdrawal.target = address(chain.portal);
        Proven memory proven = propose(withdrawal);
        vm.expectRevert(IPortal.OptimismPortal_BadTarget.selector);
        prove(withdrawal, proven);
    }

    function test_prove_noProposal_reverts() public {
        Proven memory proven = propose(simple());
        ++proven.index;
        vm.expectRevert(
            abi.encodeWithSelector(IDisputeOracle.ProposalUnknown.selector, proven.index)
        );
        prove(simple(), proven);
    }

    function testFuzz_prove_otherParts_reverts(uint8 which, bytes32 other) public {
        Proven memory proven = propose(simple());
        OutputRootProof memory parts = proven.parts;
        if (which % 4 == 0) (other, parts.version) = (parts.version, other);
        if (which % 4 == 1) (other, parts.stateRoot) = (parts.stateRoot, other);
        if (which % 4 == 2) {
            (other, parts.messagePasserStorageRoot) = (parts.messagePasserStorageRoot, other);
        }
        if (which % 4 == 3) (other, parts.latestBlockhash) = (parts.latestBlockhash, other);
        vm.assume(rootOf(parts) != proven.outputRoot);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidOutputRootProof.selector);
        prove(simple(), proven);
    }

    function testFuzz_prove_anythingElseThanWhatWasInitiated_reverts(
        uint8 which,
        uint128 other,
        bytes calldata data
    ) public {
        WithdrawalTransaction memory withdrawal = simple();
        Proven memory proven = propose(withdrawal);
        bytes32 before = hashOf(withdrawal);
        if (which % 6 == 0) withdrawal.nonce = other;
        if (which % 6 == 1) withdrawal.sender = address(uint160(other));
        if (which % 6 == 2) withdrawal.target = address(uint160(other));
        if (which % 6 == 3) withdrawal.value = other;
        if (which % 6 == 4) withdrawal.gasLimit = other;
        if (which % 6 == 5) withdrawal.data = data;
        vm.assume(hashOf(withdrawal) != before);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidMerkleProof.selector);
        prove(withdrawal, proven);
    }

    /// @dev Whatever is changed in a proof, the withdrawal is not proven by it.
    function testFuzz_prove_changedProof_reverts(uint16 position, uint8 change, bool cuts) public {
        Proven memory proven = propose(simple());
        bytes memory node = proven.proof[0];
        if (cuts) {
            uint256 length = position % node.length;
            assembly {
                mstore(node, length)
            }
        } else {
            vm.assume(change != 0);
            node[position % node.length] ^= bytes1(change);
        }
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidMerkleProof.selector);
        prove(simple(), proven);
    }

    function test_prove_moreOrLessNodes_reverts() public {
        Proven memory proven = propose(simple());
        bytes memory node = proven.proof[0];
        proven.proof = new bytes[](0);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidMerkleProof.selector);
        prove(simple(), proven);
        proven.proof = new bytes[](2);
        (proven.proof[0], proven.proof[1]) = (node, node);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidMerkleProof.selector);
        prove(simple(), proven);
    }

    /// @dev A slot that is there and holds something else.
    function test_prove_slotThatIsNotOne_reverts() public {
        Proven memory proven = proposeSlot(leaf(hashOf(simple()), 0x02));
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidMerkleProof.selector);
        prove(simple(), proven);
    }

    function test_prove_again_onlyOnceTheProposalIsGone() public {
        Proven memory proven = propose(simple());
        prove(simple(), proven);
        vm.warp(block.timestamp + 100);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_AlreadyProven.selector);
        prove(simple(), proven);

        Proven memory other = proven;
        other.parts.stateRoot = keccak256("another state");
        other.outputRoot = rootOf(other.parts);
        replaceProposal(proven.index, other.parts);
        vm.warp(block.timestamp + WINDOW + 1);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_InvalidRootClaim.selector);
        chain.portal.finalizeWithdrawalTransaction(simple());
        prove(simple(), other);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_ProofNotOldEnough.selector);
        chain.portal.finalizeWithdrawalTransaction(simple());
    }

    function test_finalize_beforeItIsTime_reverts() public {
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_Unproven.selector);
        chain.portal.finalizeWithdrawalTransaction(simple());

        Proven memory proven = propose(simple());
        prove(simple(), proven);
        vm.warp(block.timestamp + WINDOW);
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_ProofNotOldEnough.selector);
        chain.portal.finalizeWithdrawalTransaction(simple());
        vm.warp(block.timestamp + 1);
        chain.portal.finalizeWithdrawalTransaction(simple());
    }

    function test_finalize_targetThatFails_isFinalAllTheSame() public {
        target.fail();
        WithdrawalTransaction memory withdrawal = ready(simple());
        vm.expectEmit(address(chain.portal));
        emit IWithdrawalPortal.WithdrawalFinalized(hashOf(withdrawal), false);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.assertTrue(chain.portal.finalizedWithdrawals(hashOf(withdrawal)));
        vm.assertEq(address(chain.portal).balance, 100 ether);
    }

    /// @dev It is not lost: once there is enough it is made, and only then.
    function testFuzz_finalize_moreThanThereIs_canBeTriedAgain(uint64 missing) public {
        vm.assume(missing != 0);
        WithdrawalTransaction memory withdrawal = simple();
        withdrawal.value = 100 ether + uint256(missing);
        ready(withdrawal);
        vm.expectRevert(
            abi.encodeWithSelector(
                IWithdrawalPortal.NotEnoughEther.selector, 100 ether, withdrawal.value
            )
        );
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.assertFalse(chain.portal.finalizedWithdrawals(hashOf(withdrawal)));
        vm.assertEq(target.calls(), 0);

        vm.deal(USER, missing);
        vm.prank(USER, USER);
        chain.portal.depositTransaction{value: missing}(USER, missing, 21_000, false, "");
        vm.expectEmit(address(chain.portal));
        emit IWithdrawalPortal.WithdrawalFinalized(hashOf(withdrawal), true);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.assertEq(target.value(), withdrawal.value);
        vm.assertEq(address(chain.portal).balance, 0);
    }

    function test_finalize_longAnswer_costsTheFinalizerNothing() public {
        WithdrawalTransaction memory withdrawal = simple();
        withdrawal.target = address(new Bomb());
        ready(withdrawal);
        vm.expectEmit(address(chain.portal));
        emit IWithdrawalPortal.WithdrawalFinalized(hashOf(withdrawal), false);
        chain.portal.finalizeWithdrawalTransaction{gas: 500_000}(withdrawal);
    }

    function test_finalize_fromAWithdrawal_reverts() public {
        WithdrawalTransaction memory other = simple();
        other.nonce = 7;
        target.doThen(abi.encodeCall(chain.portal.finalizeWithdrawalTransaction, (other)));
        WithdrawalTransaction memory withdrawal = ready(simple());
        vm.expectEmit(address(chain.portal));
        emit IWithdrawalPortal.WithdrawalFinalized(hashOf(withdrawal), false);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
    }

    /// @dev With any gas, either nothing happens or the target has what was asked for.
    function testFuzz_finalize_gas_isEnoughOrNothingHappens(uint24 gasLimit, uint32 given) public {
        WithdrawalTransaction memory withdrawal = simple();
        withdrawal.gasLimit = 200_000 + gasLimit % 2_000_000;
        ready(withdrawal);
        uint256 gas = 60_000 + given % 4_000_000;
        bytes memory call_ =
            abi.encodeCall(chain.portal.finalizeWithdrawalTransaction, (withdrawal));
        (bool done,) = address(chain.portal).call{gas: gas}(call_);
        vm.assertEq(target.calls(), done ? 1 : 0);
        // The fallback's own first steps have cost something.
        if (done) vm.assertGe(target.gas() + 1000, withdrawal.gasLimit);
        if (!done) vm.assertFalse(chain.portal.finalizedWithdrawals(hashOf(withdrawal)));
        vm.assertTrue(done || gas < withdrawal.gasLimit * 64 / 63 + 150_000);
    }

    function test_pause_holdsUpForAWhileAndNotAgainSoon() public {
        WithdrawalTransaction memory withdrawal = ready(simple());
        vm.expectRevert(
            abi.encodeWithSelector(IWithdrawalPortal.NotGuardian.selector, address(this))
        );
        chain.portal.pause();
        vm.expectEmit(address(chain.portal));
        emit IWithdrawalPortal.Paused(block.timestamp + PAUSE);
        vm.prank(GUARDIAN);
        chain.portal.pause();
        uint256 until = block.timestamp + PAUSE;
        vm.warp(until - 1);
        vm.assertTrue(chain.portal.paused());
        vm.expectRevert(IWithdrawalPortal.OptimismPortal_CallPaused.selector);
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.warp(until);
        vm.assertFalse(chain.portal.paused());

        uint256 next = until + 4 * PAUSE;
        vm.warp(next - 1);
        vm.expectRevert(abi.encodeWithSelector(IWithdrawalPortal.PausedBefore.selector, next));
        vm.prank(GUARDIAN);
        chain.portal.pause();
        chain.portal.finalizeWithdrawalTransaction(withdrawal);
        vm.warp(next);
        vm.prank(GUARDIAN);
        chain.portal.pause();
    }

    function test_pause_doesNotHoldUpProvingOrDeposits() public {
        vm.prank(GUARDIAN);
        chain.portal.pause();
        prove(simple(), propose(simple()));
        vm.deal(USER, 1 ether);
        vm.prank(USER, USER);
        chain.portal.depositTransaction{value: 1 ether}(USER, 1 ether, 21_000, false, "");
    }

    function test_constructor_pauseTooLong_reverts() public {
        vm.expectRevert(WithdrawalPortal.PauseTooLong.selector);
        new Portal(address(1), address(2), GUARDIAN, 14 days + 1);
        new Portal(address(1), address(2), GUARDIAN, 14 days);
    }

    function simple() private view returns (WithdrawalTransaction memory) {
        return WithdrawalTransaction(1 << 240, USER, address(target), 1 ether, 200_000, hex"1234");
    }

    /// @dev Proves a withdrawal and waits.
    function ready(WithdrawalTransaction memory withdrawal)
        private
        returns (WithdrawalTransaction memory)
    {
        prove(withdrawal, propose(withdrawal));
        vm.warp(block.timestamp + WINDOW + 1);
        return withdrawal;
    }
}
