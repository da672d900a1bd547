// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IL2OutputOracle
/// @notice What wallets and indexers read of proposals: the OP Stack's L2OutputOracle ABI, reads only.
interface IL2OutputOracle {
    /// @notice A proposal as clients read it.
    struct OutputProposal {
        bytes32 outputRoot;
        uint128 timestamp;
        uint128 l2BlockNumber;
    }

    /// @notice An output root was proposed.
    event OutputProposed(
        bytes32 indexed outputRoot,
        uint256 indexed l2OutputIndex,
        uint256 indexed l2BlockNumber,
        uint256 l1Timestamp
    );

    /// @notice Index of the newest proposal; reverts before the first.
    function latestOutputIndex() external view returns (uint256);

    /// @notice Index of the next proposal.
    function nextOutputIndex() external view returns (uint256);

    /// @notice L2 block of the newest proposal; zero before the first.
    function latestBlockNumber() external view returns (uint256);

    /// @notice The smallest L2 block that the next proposal may be for.
    function nextBlockNumber() external view returns (uint256);

    /// @notice The proposal with this index.
    function getL2Output(uint256 index) external view returns (OutputProposal memory);

    /// @notice Index of the first proposal whose block is `l2BlockNumber` or later. Its revert text when
    ///         there is none yet is part of the ABI: clients recognise a withdrawal that waits by it.
    function getL2OutputIndexAfter(uint256 l2BlockNumber) external view returns (uint256);

    /// @notice Seconds between L2 blocks.
    function L2_BLOCK_TIME() external view returns (uint256);

    /// @notice Proposals are for multiples of so many L2 blocks.
    function SUBMISSION_INTERVAL() external view returns (uint256);

    /// @notice Seconds during which a proposal can be disputed.
    function FINALIZATION_PERIOD_SECONDS() external view returns (uint256);

    /// @notice Version of the interface.
    function version() external view returns (string memory);
}
