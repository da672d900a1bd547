// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title AddressAlias
/// @notice The address that an L1 contract has on L2 when it deposits.
/// @dev Without the offset, whoever can deploy a contract on L1 at the address of somebody else's L2
///      contract could act in its name.
library AddressAlias {
    /// @notice What is added to the address of an L1 contract, modulo 2^160.
    uint160 internal constant OFFSET = uint160(0x1111000000000000000000000000000000001111);

    /// @notice The L2 address of the L1 contract `l1Address`.
    function aliasOf(address l1Address) internal pure returns (address) {
        unchecked {
            return address(uint160(l1Address) + OFFSET);
        }
    }

    /// @notice The L1 contract whose L2 address is `l2Address`: the inverse of `aliasOf`.
    function unaliased(address l2Address) internal pure returns (address) {
        unchecked {
            return address(uint160(l2Address) - OFFSET);
        }
    }
}
