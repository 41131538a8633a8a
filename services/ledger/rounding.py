"""Exact divisions of whole numbers: one rounding at a time, and shares that add up."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from policies.scheme_files import DOWN, HALF_EVEN, HALF_UP, UP

Round = Callable[[int, int], int]
Key = TypeVar("Key", bound=tuple[str, ...])


def half_up(part: int, whole: int) -> int:
    """`part / whole` to the nearest whole number, half a one upwards; neither is negative."""
    return (2 * part + whole) // (2 * whole)


def half_even(part: int, whole: int) -> int:
    """`part / whole` to the nearest whole number, half a one to the even neighbour."""
    quotient, rest = divmod(part, whole)
    return quotient + (2 * rest > whole or (2 * rest == whole and quotient % 2))


def down(part: int, whole: int) -> int:
    """The whole number that `part / whole` reaches."""
    return part // whole


def up(part: int, whole: int) -> int:
    """The least whole number that `part / whole` does not pass."""
    return -(-part // whole)


MODES: Mapping[str, Round] = {HALF_UP: half_up, HALF_EVEN: half_even, DOWN: down, UP: up}


def share_out(amount: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """`amount` in proportion to weights, some above 0 and none below: shares add up to it exactly.

    Each has its whole part; what is left goes one by one to the largest remainders, of equal ones
    to the first key.
    """
    total = sum(weights.values())
    parts = {key: divmod(amount * weight, total) for key, weight in weights.items()}
    left = amount - sum(whole for whole, _ in parts.values())
    order = sorted(parts, key=lambda key: (-parts[key][1], key))
    shares = {key: whole for key, (whole, _) in parts.items()}
    for key in order[:left]:
        shares[key] += 1
    return shares
