"""The bounds of the expectations, from ``bounds.toml``."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("bounds.toml")


@dataclass(frozen=True)
class Bound:
    """What one expectation allows.

    Attributes:
        measure: What is measured, in words.
        applies: When there is something to measure, in words.
        reason: Why the bounds are where they are.
        minimum: The least value that is allowed.
        maximum: The greatest.
        from_count: How many of something there must be to judge by; the query says of what.
    """

    measure: str
    applies: str
    reason: str
    minimum: float | None = None
    maximum: float | None = None
    from_count: int | None = None

    @property
    def range(self) -> str:
        """Say in words what is allowed."""
        if self.minimum is None:
            return f"at most {self.maximum:g}"
        if self.maximum is None:
            return f"at least {self.minimum:g}"
        if self.minimum == self.maximum:
            return f"{self.minimum:g}"
        return f"{self.minimum:g} to {self.maximum:g}"


def read_bounds() -> dict[str, dict[str, Bound]]:
    """Read the bounds by suite and expectation."""
    sections = tomllib.loads(PATH.read_text(encoding="utf-8"))
    return {
        suite: {name: Bound(**values) for name, values in bounds.items()}
        for suite, bounds in sections.items()
    }
