// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AddressAlias} from "../../src/libraries/AddressAlias.sol";
import {vm} from "../Vm.sol";

contract AddressAliasTest {
    function testFuzz_aliasOf_isUndone(address account) public pure {
        vm.assertEq(AddressAlias.unaliased(AddressAlias.aliasOf(account)), account);
        vm.assertTrue(AddressAlias.aliasOf(account) != account);
    }
}
