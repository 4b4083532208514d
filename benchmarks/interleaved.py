"""Measures in turns, so that what else the machine does falls on every side alike; medians with spread."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")
Leg = Callable[[], float]


class Spread(NamedTuple):
    """The median of several measurements, with the least and the greatest."""

    median: float
    least: float
    greatest: float

    def __str__(self) -> str:
        return f"{self.median:.3f} ({self.least:.3f} to {self.greatest:.3f})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def in_turns(legs: dict[str, Callable[[], _T]], rounds: int) -> dict[str, list[_T]]:
    """Each leg ``rounds`` times: A B C, then C B A, and so on, so that none always comes first."""
    results: dict[str, list[_T]] = {name: [] for name in legs}
    for number in range(rounds):
        for name in list(legs) if number % 2 == 0 else reversed(legs):
            results[name].append(legs[name]())
    return results


def ratios(results: dict[str, list[float]], name: str, base: str) -> Spread:
    """The ratios of two legs, each taken within its own round."""
    return spread([one / other for one, other in zip(results[name], results[base], strict=True)])


def row(what: str, value: object, figure: str = "") -> None:
    """One line of a table: what was measured, the value, and the figure it should reach."""
    print(f"{what:<66} {value!s:<28} {figure}".rstrip(), flush=True)
