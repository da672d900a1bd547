//! The bindings that abigen makes of an ERC-20, and their bytes.

use ethers_contract::abigen;

abigen!(
    Erc20,
    r#"[
        function name() view returns (string)
        function decimals() view returns (uint8)
        function totalSupply() view returns (uint256)
        function balanceOf(address owner) view returns (uint256)
        function transfer(address to, uint256 value) returns (bool)
        event Transfer(address indexed from, address indexed to, uint256 value)
    ]"#
);

#[cfg(test)]
mod tests;
