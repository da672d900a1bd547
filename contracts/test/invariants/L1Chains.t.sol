// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Contracts} from "../../script/Deployment.sol";
import {Chain} from "../Chain.sol";
import {Vm, vm} from "../Vm.sol";
import {Targets} from "./Targets.sol";

/// @notice Posts batches, deposits and changes the configuration, and keeps by itself what the
///         accumulators and the locked ether must then be. It knows only the events.
contract L1ChainsHandler {
    /// @dev Topic of TransactionDeposited.
    bytes32 private constant DEPOSITED =
        0xb3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32;

    Contracts private chain;
    address private immutable owner;
    address private immutable batcher;

    bytes32 public inbox;
    uint64 public batches;
    bytes32 public messages;
    uint64 public messageCount;
    uint256 public minted;

    constructor(Contracts memory chain_, address owner_, address batcher_) {
        chain = chain_;
        owner = owner_;
        batcher = batcher_;
    }

    function postCalldata(uint64 firstBlock, uint32 more, bytes calldata data) external {
        firstBlock %= 1 << 60;
        vm.prank(batcher);
        chain.batchInbox.postBatchCalldata(firstBlock, firstBlock + more, data);
        _chainBatch(0, keccak256(data), firstBlock, firstBlock + more);
    }

    function postBlobs(uint64 firstBlock, uint32 more, bytes32 seed, uint8 count) external {
        firstBlock %= 1 << 60;
        bytes32[] memory hashes = new bytes32[](1 + count % 6);
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = keccak256(abi.encode(seed, i));
        }
        vm.blobhashes(hashes);
        vm.prank(batcher);
        chain.batchInbox.postBatch(firstBlock, firstBlock + more);
        vm.blobhashes(new bytes32[](0));
        _chainBatch(1, keccak256(abi.encodePacked(hashes)), firstBlock, firstBlock + more);
    }

    function deposit(address caller, address to, uint96 mint, uint256 value, bytes calldata data)
        external
    {
        _fund(caller, mint);
        vm.recordLogs();
        vm.prank(caller);
        chain.portal.depositTransaction{value: mint}(
            to, value, 21_000 + 16 * uint64(data.length), false, data
        );
        _chainDeposit(mint);
    }

    function send(address caller, uint96 mint) external {
        _fund(caller, mint);
        vm.recordLogs();
        vm.prank(caller, caller);
        (bool taken,) = address(chain.portal).call{value: mint}("");
        require(taken);
        _chainDeposit(mint);
    }

    function setGasLimit(uint64 gasLimit) external {
        gasLimit = 21_000_000 + gasLimit % 3_000_000_000;
        vm.prank(owner);
        chain.systemConfig.setGasLimit(gasLimit);
        _chainMessage(bytes.concat(hex"0102", abi.encode(gasLimit)));
    }

    function setOperatorFee(uint32 scalar, uint64 constantPart) external {
        constantPart %= 0.001 ether;
        vm.prank(owner);
        chain.systemConfig.setOperatorFee(scalar, constantPart);
        _chainMessage(bytes.concat(hex"0105", abi.encode(scalar, constantPart)));
    }

    /// @dev Ether that arrives without a call mints nothing.
    function force(uint96 amount) external {
        vm.deal(address(chain.portal), address(chain.portal).balance + amount);
    }

    function nextL1Block(uint8 more) external {
        uint256 number = block.number + 1 + more % 4;
        vm.roll(number);
        vm.setBlockhash(number - 1, keccak256(abi.encode(number)));
        vm.warp(block.timestamp + 12);
    }

    /// @dev The Portal calls nobody, so it never pays itself; to fund it would replace what it holds.
    function _fund(address caller, uint256 amount) private {
        vm.assume(caller != address(chain.portal));
        vm.deal(caller, amount);
    }

    function _chainBatch(uint8 carrier, bytes32 dataHash, uint64 firstBlock, uint64 lastBlock)
        private
    {
        inbox = keccak256(
            abi.encodePacked(
                inbox,
                carrier,
                dataHash,
                firstBlock,
                lastBlock,
                uint64(block.number),
                uint64(block.timestamp),
                blockhash(block.number - 1)
            )
        );
        ++batches;
    }

    /// @dev Takes the deposit from its event, as a node does.
    function _chainDeposit(uint256 mint) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        require(logs.length == 1 && logs[0].topics[0] == DEPOSITED);
        bytes memory opaque = abi.decode(logs[0].data, (bytes));
        require(uint256(bytes32(opaque)) == mint);
        address from = address(uint160(uint256(logs[0].topics[1])));
        address to = address(uint160(uint256(logs[0].topics[2])));
        _chainMessage(abi.encodePacked(uint8(0), from, to, opaque));
        minted += mint;
    }

    function _chainMessage(bytes memory message) private {
        messages = keccak256(
            abi.encodePacked(
                messages, uint64(block.number), uint64(block.timestamp), keccak256(message)
            )
        );
        ++messageCount;
    }
}

contract L1ChainsInvariants is Chain, Targets {
    L1ChainsHandler private handler;

    function setUp() public override {
        super.setUp();
        // Prices out of the way: a run makes more deposits than a real block could hold.
        vm.fee(1000 gwei);
        handler = new L1ChainsHandler(chain, OWNER, BATCHER);
        callOnly(address(handler));
    }

    function invariant_inboxAccumulator_isTheChainOfBatches() public view {
        vm.assertEq(chain.batchInbox.accumulator(), handler.inbox());
        vm.assertEq(chain.batchInbox.batchCount(), handler.batches());
    }

    function invariant_messageAccumulator_isTheChainOfMessages() public view {
        vm.assertEq(chain.portal.messageAccumulator(), handler.messages());
        vm.assertEq(chain.portal.messageCount(), handler.messageCount());
    }

    function invariant_lockedEther_coversWhatWasMinted() public view {
        vm.assertGe(address(chain.portal).balance, handler.minted());
    }

    function invariant_boughtGas_staysBelowTheMost() public view {
        (uint128 price, uint64 bought, uint64 number) = chain.portal.params();
        vm.assertLe(bought, 20_000_000);
        vm.assertGe(price, 1 gwei);
        vm.assertLe(number, block.number);
    }
}
