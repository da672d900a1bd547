// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {OptimismMintableERC20Factory} from "../../src/L2/OptimismMintableERC20Factory.sol";
import {IStandardBridge} from "../../src/interfaces/IStandardBridge.sol";
import {OptimismMintableERC20} from "../../src/universal/OptimismMintableERC20.sol";
import {StandardBridge} from "../../src/universal/StandardBridge.sol";
import {vm} from "../Vm.sol";
import {Layers} from "./Layers.sol";

contract Token is ERC20("Token", "TKN") {
    function give(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Keeps a hundredth of what is moved.
contract TaxedToken is Token {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(to, address(0), amount / 100);
    }
}

/// @notice Says false instead of reverting.
contract SilentToken is Token {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

contract Refuser {
    receive() external payable {
        revert();
    }
}

contract StandardBridgeTest is Layers {
    address private constant RECIPIENT = address(0x4ec1);

    Token private token = new Token();
    OptimismMintableERC20 private l2Token;

    function setUp() public override {
        super.setUp();
        l2Token = OptimismMintableERC20(
            factory.createOptimismMintableERC20WithDecimals(address(token), "Token", "TKN", 6)
        );
    }

    function testFuzz_ether_goesThereAndBack(uint96 amount, bytes calldata extraData) public {
        vm.deal(USER, amount);
        vm.expectEmit(address(l1Bridge));
        emit IStandardBridge.ETHBridgeInitiated(USER, RECIPIENT, amount, extraData);
        vm.recordLogs();
        vm.prank(USER);
        l1Bridge.bridgeETHTo{value: amount}(RECIPIENT, 100_000, extraData);
        vm.assertTrue(execute(deposited()));
        vm.assertEq(RECIPIENT.balance, amount);
        vm.assertEq(address(chain.portal).balance, amount);

        vm.recordLogs();
        vm.prank(RECIPIENT, RECIPIENT);
        l2Bridge.bridgeETH{value: amount}(100_000, extraData);
        finish(initiated());
        vm.assertEq(RECIPIENT.balance, amount);
        vm.assertEq(address(chain.portal).balance, 0);
    }

    function test_ether_sentWithoutAWord_goesToTheSameAddress() public {
        vm.deal(USER, 1 ether);
        vm.recordLogs();
        vm.prank(USER, USER);
        (bool done,) = address(l1Bridge).call{value: 1 ether}("");
        vm.assertTrue(done && execute(deposited()));
        vm.assertEq(USER.balance, 1 ether);
    }

    function testFuzz_tokens_goThereAndBack(uint128 amount, uint128 back) public {
        back = amount == 0 ? 0 : back % amount;
        take(token, amount);
        vm.assertTrue(execute(deposited()));
        vm.assertEq(l2Token.balanceOf(RECIPIENT), amount);
        vm.assertEq(l2Token.totalSupply(), amount);
        vm.assertEq(l1Bridge.deposits(address(token), address(l2Token)), amount);

        vm.recordLogs();
        vm.prank(RECIPIENT, RECIPIENT);
        l2Bridge.bridgeERC20(address(l2Token), address(token), back, 200_000, "");
        finish(initiated());
        vm.assertEq(token.balanceOf(RECIPIENT), back);
        vm.assertEq(l2Token.totalSupply(), amount - back);
        vm.assertEq(l1Bridge.deposits(address(token), address(l2Token)), amount - back);
        vm.assertEq(token.balanceOf(address(l1Bridge)), amount - back);
    }

    function test_tokensOfL2_goToL1AndBack() public {
        OptimismMintableERC20 onL1 =
            new OptimismMintableERC20(address(l1Bridge), address(token), "Token", "TKN", 18);
        token.give(USER, 100);
        vm.prank(USER);
        token.approve(address(l2Bridge), 100);
        vm.recordLogs();
        vm.prank(USER);
        l2Bridge.bridgeERC20To(address(token), address(onL1), RECIPIENT, 100, 200_000, "");
        finish(initiated());
        vm.assertEq(onL1.balanceOf(RECIPIENT), 100);

        vm.recordLogs();
        vm.prank(RECIPIENT);
        l1Bridge.bridgeERC20To(address(onL1), address(token), USER, 60, 200_000, "");
        vm.assertTrue(execute(deposited()));
        vm.assertEq(token.balanceOf(USER), 60);
        vm.assertEq(l2Bridge.deposits(address(token), address(onL1)), 40);
    }

    /// @dev What nobody can give out waits, and can be tried again.
    function test_tokens_forAWrongRemoteToken_stayAFailedMessage() public {
        Token other = new Token();
        other.give(USER, 5);
        vm.prank(USER);
        other.approve(address(l1Bridge), 5);
        vm.recordLogs();
        vm.prank(USER);
        l1Bridge.bridgeERC20To(address(other), address(l2Token), RECIPIENT, 5, 200_000, "");
        Deposit memory made = deposited();
        vm.assertTrue(execute(made));
        vm.assertTrue(l2Messenger.failedMessages(keccak256(made.data)));
        vm.assertEq(l2Token.totalSupply(), 0);
    }

    function test_ether_refused_canBeGivenOutLater() public {
        address refuser = address(new Refuser());
        vm.deal(USER, 1 ether);
        vm.recordLogs();
        vm.prank(USER);
        l1Bridge.bridgeETHTo{value: 1 ether}(refuser, 100_000, "");
        Deposit memory made = deposited();
        vm.assertTrue(execute(made));
        vm.assertEq(address(l2Messenger).balance, 1 ether);
        vm.etch(refuser, "");
        (bool done,) = address(l2Messenger).call(made.data);
        vm.assertTrue(done);
        vm.assertEq(refuser.balance, 1 ether);
    }

    function test_bridgeERC20_feeOnTransfer_reverts() public {
        TaxedToken taxed = new TaxedToken();
        taxed.give(USER, 1000);
        vm.prank(USER);
        taxed.approve(address(l1Bridge), 1000);
        vm.expectRevert(
            abi.encodeWithSelector(IStandardBridge.FeeOnTransfer.selector, address(taxed))
        );
        vm.prank(USER);
        l1Bridge.bridgeERC20To(address(taxed), address(l2Token), USER, 1000, 0, "");
    }

    function test_bridgeERC20_tokenThatSaysFalse_reverts() public {
        SilentToken silent = new SilentToken();
        vm.expectRevert(
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(silent))
        );
        vm.prank(USER);
        l1Bridge.bridgeERC20To(address(silent), address(l2Token), USER, 1, 0, "");
    }

    function test_bridgeERC20_wrongRemoteToken_reverts() public {
        vm.expectRevert(
            abi.encodeWithSelector(
                IStandardBridge.WrongRemoteToken.selector, address(l2Token), USER
            )
        );
        l2Bridge.bridgeERC20To(address(l2Token), USER, USER, 1, 0, "");
    }

    /// @dev A contract may not exist on the other side, so it has to say who is to receive.
    function test_bridge_contractWithoutRecipient_reverts() public {
        bytes memory why =
            abi.encodeWithSelector(IStandardBridge.CallerIsContract.selector, address(this));
        vm.expectRevert(why);
        l1Bridge.bridgeETH(0, "");
        vm.expectRevert(why);
        l1Bridge.bridgeERC20(address(token), address(l2Token), 0, 0, "");
        vm.deal(address(this), 1);
        vm.expectRevert(why);
        payable(l1Bridge).transfer(1);
    }

    function testFuzz_finalize_notTheOtherBridge_reverts(address caller, address sender) public {
        vm.expectRevert(IStandardBridge.NotOtherBridge.selector);
        vm.prank(caller);
        l1Bridge.finalizeBridgeETH(USER, USER, 0, "");

        // By way of the messenger, from somebody else on L1.
        vm.assume(sender != address(l1Bridge));
        bytes memory call_ = abi.encodeCall(
            l2Bridge.finalizeBridgeERC20, (address(l2Token), address(token), USER, USER, 1, "")
        );
        vm.prank(fromL1());
        l2Messenger.relayMessage(1 << 240, sender, address(l2Bridge), 0, 100_000, call_);
        vm.assertEq(l2Token.totalSupply(), 0);
    }

    function test_finalize_toTheBridgeItself_fails() public {
        vm.deal(USER, 1 ether);
        address[2] memory recipients = [address(l2Bridge), address(l2Messenger)];
        for (uint256 i = 0; i < recipients.length; ++i) {
            vm.recordLogs();
            vm.prank(USER);
            l1Bridge.bridgeETHTo{value: 0.5 ether}(recipients[i], 100_000, "");
            Deposit memory made = deposited();
            vm.assertTrue(execute(made));
            vm.assertTrue(l2Messenger.failedMessages(keccak256(made.data)));
        }
    }

    function test_token_isMadeAndBurntByTheBridgeAlone() public {
        vm.assertEq(l2Token.decimals(), 6);
        vm.assertEq(l2Token.bridge(), address(l2Bridge));
        vm.assertEq(l2Token.remoteToken(), address(token));
        bytes memory why =
            abi.encodeWithSelector(OptimismMintableERC20.NotBridge.selector, address(this));
        vm.expectRevert(why);
        l2Token.mint(USER, 1);
        vm.expectRevert(why);
        l2Token.burn(USER, 1);
    }

    function test_factory_namesWhatItMakes() public {
        vm.assertEq(factory.deployments(address(l2Token)), address(token));
        vm.recordLogs();
        address other = factory.createOptimismMintableERC20(address(token), "Token", "TKN");
        only(OptimismMintableERC20Factory.OptimismMintableERC20Created.selector);
        vm.assertEq(OptimismMintableERC20(other).decimals(), 18);
        vm.expectRevert(OptimismMintableERC20Factory.NoRemoteToken.selector);
        factory.createOptimismMintableERC20(address(0), "", "");
    }

    /// @dev Sends tokens of USER from L1 to RECIPIENT.
    function take(Token from, uint256 amount) private {
        from.give(USER, amount);
        vm.prank(USER);
        from.approve(address(l1Bridge), amount);
        vm.expectEmit(address(l1Bridge));
        emit IStandardBridge.ERC20BridgeInitiated(
            address(from), address(l2Token), USER, RECIPIENT, amount, ""
        );
        vm.recordLogs();
        vm.prank(USER);
        StandardBridge(l1Bridge)
            .bridgeERC20To(address(from), address(l2Token), RECIPIENT, amount, 200_000, "");
    }
}
