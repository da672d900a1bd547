// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title IStep
/// @notice One step of the machine that a dispute is about: the rule that decides a match in the end. The machine and the
///         bytes of a proof are in docs/spec/fault-proof.md.
/// @dev Total: every state has exactly one successor, and what goes wrong in the program is a successor too. A revert means
///      that the proof is not one of this state, or that the call had too little gas.
interface IStep {
    /// @notice The fields are those of another state.
    error WrongState(bytes32 given);

    /// @notice No machine has these fields: register 0 holds something, or a run has ended in part.
    error WrongFields();

    /// @notice What the proof says is in memory, from this address on, is not there.
    error WrongWords(uint256 from);

    /// @notice The bytes are not behind this key.
    error WrongPreimage(bytes32 key);

    /// @notice The proof has bytes that no step reads, or lacks some.
    error WrongLength(uint256 given, uint256 read);

    /// @notice A precompile did not get the gas that it takes.
    error NotEnoughGas();

    /// @notice The state that follows one.
    /// @param state The hash of the state.
    /// @param proof What the step reads: the fields of the state and the words of memory, with their proofs.
    /// @param locals What the program was given to start from; the preimage key of type 1 with number i reads `locals[i]`.
    /// @return The hash of the successor; that of the state itself where the run has ended.
    function step(bytes32 state, bytes calldata proof, bytes32[] calldata locals)
        external
        view
        returns (bytes32);
}
