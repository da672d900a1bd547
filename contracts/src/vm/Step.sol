// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStep} from "../interfaces/IStep.sol";
import {Access} from "./Access.sol";
import {Arithmetic} from "./Arithmetic.sol";
import {HostCalls} from "./HostCalls.sol";
import {Reader, Readers} from "./Reader.sol";
import {State, States} from "./State.sol";

/// @title Step
/// @notice See IStep. RV64IM and the host calls, as `Machine::proceed` in crates/fault-proof has them.
contract Step is IStep {
    /// @notice Version of the interface.
    string public constant version = "1.0.0";

    uint256 private constant TRAP_CODE = 0xff;

    uint256 private constant LOAD = 0x03;
    uint256 private constant FENCE = 0x0f;
    uint256 private constant WITH_IMMEDIATE = 0x13;
    uint256 private constant AUIPC = 0x17;
    uint256 private constant WITH_IMMEDIATE_SHORT = 0x1b;
    uint256 private constant STORE = 0x23;
    uint256 private constant OF_REGISTERS = 0x33;
    uint256 private constant LUI = 0x37;
    uint256 private constant OF_REGISTERS_SHORT = 0x3b;
    uint256 private constant BRANCH = 0x63;
    uint256 private constant JALR = 0x67;
    uint256 private constant JAL = 0x6f;
    uint256 private constant ECALL = 0x73;

    /// @inheritdoc IStep
    function step(bytes32 hash, bytes calldata proof, bytes32[] calldata locals)
        external
        view
        returns (bytes32)
    {
        State state = States.open(proof, hash);
        Reader memory reader = Readers.open(proof, States.BYTES, state.root());
        if (!state.isEnded()) {
            if (!_proceed(state, reader, locals)) state.end(TRAP_CODE);
            state.count();
        }
        reader.close(proof);
        return state.hash();
    }

    /// @dev False for a trap, which has changed nothing.
    function _proceed(State state, Reader memory reader, bytes32[] calldata locals)
        private
        view
        returns (bool)
    {
        uint256 pc = state.pc();
        if (!Access.isPossible(pc, 4)) return false;
        (bytes32 word,) = reader.word(pc);
        uint256 instruction = Access.load(word, pc, 4);
        if (instruction == ECALL) return HostCalls.carryOut(state, reader, locals);
        (bool isOne, uint256 next) = _execute(state, reader, instruction, pc);
        if (isOne) state.setPc(next);
        return isOne;
    }

    /// @dev What the opcodes have in common: registers a and b, and where the next instruction is.
    function _execute(State state, Reader memory reader, uint256 instruction, uint256 pc)
        private
        pure
        returns (bool isOne, uint256 next)
    {
        uint256 opcode = instruction & 0x7f;
        uint256 a = state.register(instruction >> 15 & 31);
        next = pc + 4;
        if (opcode == LOAD) return (_load(state, reader, instruction, a), next);
        if (opcode == JALR) return _jumpTo(state, instruction, a, next);
        if (opcode == JAL || opcode == LUI || opcode == AUIPC) {
            return (true, _ofPc(state, instruction, pc));
        }
        if (opcode == FENCE) return (_funct3(instruction) == 0, next);

        uint256 result;
        if (opcode == WITH_IMMEDIATE || opcode == WITH_IMMEDIATE_SHORT) {
            (isOne, result) = Arithmetic.ofImmediate(instruction, a, _immediate(instruction));
        } else {
            uint256 b = state.register(instruction >> 20 & 31);
            if (opcode == STORE) return (_store(state, reader, instruction, a, b), next);
            if (opcode == BRANCH) return _branch(instruction, a, b, pc);
            if (opcode != OF_REGISTERS && opcode != OF_REGISTERS_SHORT) return (false, 0);
            (isOne, result) = Arithmetic.ofRegisters(instruction, a, b);
        }
        if (isOne) _setResult(state, instruction, result);
    }

    function _load(State state, Reader memory reader, uint256 instruction, uint256 a)
        private
        pure
        returns (bool)
    {
        uint256 funct3 = _funct3(instruction);
        uint256 target = _add(a, _immediate(instruction));
        uint256 size = 2 ** (funct3 & 3);
        if (funct3 == 7 || !Access.isPossible(target, size)) return false;
        (bytes32 word,) = reader.word(target);
        uint256 value = Access.load(word, target, size);
        _setResult(state, instruction, funct3 < 4 ? Arithmetic.extended(value, 8 * size) : value);
        return true;
    }

    function _store(State state, Reader memory reader, uint256 instruction, uint256 a, uint256 b)
        private
        pure
        returns (bool)
    {
        uint256 funct3 = _funct3(instruction);
        uint256 offset = instruction >> 25 << 5 | instruction >> 7 & 31;
        uint256 target = _add(a, Arithmetic.extended(offset, 12));
        uint256 size = 2 ** funct3;
        if (funct3 > 3 || !Access.isPossible(target, size)) return false;
        (bytes32 word, uint256 siblings) = reader.word(target);
        state.setRoot(Readers.rootWith(target, Access.store(word, target, size, b), siblings));
        return true;
    }

    function _branch(uint256 instruction, uint256 a, uint256 b, uint256 pc)
        private
        pure
        returns (bool isOne, uint256 next)
    {
        bool isTaken;
        (isOne, isTaken) = Arithmetic.isTaken(_funct3(instruction), a, b);
        if (!isTaken) return (isOne, pc + 4);
        uint256 offset = instruction >> 31 << 12 | (instruction >> 7 & 1) << 11
            | (instruction >> 25 & 63) << 5 | (instruction >> 8 & 15) << 1;
        return (isOne, _add(pc, Arithmetic.extended(offset, 13)));
    }

    function _jumpTo(State state, uint256 instruction, uint256 a, uint256 next)
        private
        pure
        returns (bool, uint256)
    {
        if (_funct3(instruction) != 0) return (false, 0);
        _setResult(state, instruction, next);
        return (true, _add(a, _immediate(instruction)) & ~uint256(1));
    }

    /// @dev JAL, LUI and AUIPC; where the next instruction is.
    function _ofPc(State state, uint256 instruction, uint256 pc) private pure returns (uint256) {
        uint256 next = pc + 4;
        uint256 opcode = instruction & 0x7f;
        if (opcode == JAL) {
            _setResult(state, instruction, next);
            uint256 offset = instruction >> 31 << 20 | instruction & 0xff000
                | (instruction >> 20 & 1) << 11 | (instruction >> 21 & 0x3ff) << 1;
            return _add(pc, Arithmetic.extended(offset, 21));
        }
        uint256 upper = Arithmetic.extended(instruction & 0xfffff000, 32);
        _setResult(state, instruction, opcode == LUI ? upper : _add(pc, upper));
        return next;
    }

    function _setResult(State state, uint256 instruction, uint256 value) private pure {
        state.setRegister(instruction >> 7 & 31, value);
    }

    function _funct3(uint256 instruction) private pure returns (uint256) {
        return instruction >> 12 & 7;
    }

    function _immediate(uint256 instruction) private pure returns (uint256) {
        return Arithmetic.extended(instruction >> 20, 12);
    }

    /// @dev Modulo 2^64.
    function _add(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            return (a + b) & type(uint64).max;
        }
    }
}
