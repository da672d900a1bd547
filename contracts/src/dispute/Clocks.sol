// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Clocks
/// @notice A chess clock: runs while its side has to act. It is out once as much time has passed as was
///         left, to the second.
library Clocks {
    /// @notice One side's time to think.
    struct Clock {
        /// Seconds that were left when it last stopped.
        uint64 left;
        /// When it began to run; zero while it stands.
        uint64 since;
    }

    /// @notice A clock that is to run runs already, or one that is to stop stands: a fault in the caller.
    error ClockMisused();

    /// @notice What a standing or running clock has left now.
    function remaining(Clock memory self) internal view returns (uint64) {
        uint64 used = elapsed(self);
        return used < self.left ? self.left - used : 0;
    }

    /// @notice For how long it has been out; zero while it is not, and in the second in which it ends.
    function lateness(Clock memory self) internal view returns (uint64) {
        uint64 used = elapsed(self);
        return used > self.left ? used - self.left : 0;
    }

    /// @notice How long it has been running.
    function elapsed(Clock memory self) internal view returns (uint64) {
        return self.since == 0 ? 0 : uint64(block.timestamp) - self.since;
    }

    function start(Clock storage self) internal {
        if (self.since != 0) revert ClockMisused();
        self.since = uint64(block.timestamp);
    }

    /// @notice Stops a running clock and takes off what passed.
    function stop(Clock storage self) internal {
        if (self.since == 0) revert ClockMisused();
        self.left = remaining(self);
        self.since = 0;
    }

    /// @notice Adds time to a standing clock, up to `most`.
    function extend(Clock storage self, uint64 time, uint64 most) internal {
        if (self.since != 0) revert ClockMisused();
        uint64 sum = self.left + time;
        self.left = sum < most ? sum : most;
    }

    /// @notice Takes time off a standing clock; what is left, zero if that was not enough.
    function spend(Clock storage self, uint64 time) internal returns (uint64 left) {
        if (self.since != 0) revert ClockMisused();
        left = time < self.left ? self.left - time : 0;
        self.left = left;
    }
}
