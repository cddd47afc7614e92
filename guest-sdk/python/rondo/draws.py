"""Random numbers that replay the same.

Counter-based: the n-th draw of an execution depends on nothing but its id and n. The execution id is itself spread
evenly over 128 bits, so a mixing function in each half is enough.
"""

from __future__ import annotations

from uuid import UUID

_BITS = 2**64 - 1
_STEP = 0x9E37_79B9_7F4A_7C15
"""2^64 divided by the golden ratio: steps of this size visit every number before repeating one."""


def draw(execution_id: str, index: int) -> tuple[int, int]:
    """The draw number `index` of an execution: two numbers of 64 bits."""
    key = int(execution_id, 16)
    step = (index + 1) * _STEP
    high = _mix((key >> 64) + step & _BITS)
    return high, _mix((key & _BITS) + step & _BITS ^ high)


def below(high: int, end: int) -> int:
    """A number from 0 up to, not including, `end`, from an evenly spread one."""
    return high * end >> 64


def unit(high: int) -> float:
    """A number from 0 up to, not including, 1."""
    return (high >> 11) / 2**53


def uuid(high: int, low: int) -> UUID:
    """A UUID of version 4."""
    return UUID(int=(high & ~0xF000 | 0x4000) << 64 | low & ~(3 << 62) | 2 << 62)


def _mix(x: int) -> int:
    """The finalizer of SplitMix64: a bijection whose every output bit depends on every input bit."""
    x = (x ^ x >> 30) * 0xBF58_476D_1CE4_E5B9 & _BITS
    x = (x ^ x >> 27) * 0x94D0_49BB_1331_11EB & _BITS
    return x ^ x >> 31
