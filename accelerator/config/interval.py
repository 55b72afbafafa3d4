"""How often something happens: `10ep` (epochs), `500st` (steps), `0.25ep`, `30min`, `45s`, `2h`."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

_PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ep|st|s|min|h)\s*")
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_MOST_PLACES = 30
TIME_PATTERN = r"^\s*(?=[\d.]*[1-9])\d+(\.\d+)?\s*(s|min|h)\s*$"
INTERVAL_PATTERN = r"^\s*(?=[\d.]*[1-9])(\d+(\.\d+)?\s*(ep|s|min|h)|\d+(\.0+)?\s*st)\s*$"
"""What `Interval.parse` takes, for readers that know regular expressions alone."""
_ALLOWED = "must be a number greater than 0 with a unit: 10ep or 0.25ep (epochs), 500st (steps), 45s, 30min or 2h"


@dataclass(frozen=True)
class Interval:
    """A stretch of training. `unit` is `ep` (epochs), `st` (steps) or `s` (seconds); `value` is exact."""

    value: Fraction
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Interval":
        """Read an interval as configs write it.

        Example:
            >>> Interval.parse("0.25ep")
            Interval(value=Fraction(1, 4), unit='ep')
            >>> str(Interval.parse("90s"))
            '90s'

        Raises:
            ValueError: the text is no interval, is not greater than 0, or is a part of a step.
        """
        matched = _PATTERN.fullmatch(text)
        value = Fraction(matched[1]) if matched else Fraction(0)
        if not matched or value <= 0:
            raise ValueError(_ALLOWED)
        unit = matched[2]
        if unit == "st" and value.denominator != 1:
            raise ValueError("must be a whole number of steps, such as 500st")
        return cls(value * _SECONDS.get(unit, 1), "s" if unit in _SECONDS else unit)

    def __str__(self) -> str:
        if self.unit == "s":
            for unit in ("h", "min"):
                if self.value % _SECONDS[unit] == 0:
                    return f"{self.value // _SECONDS[unit]}{unit}"
        return f"{_decimal(self.value)}{self.unit}"


def _decimal(value: Fraction) -> str:
    """Write a fraction that came from decimal digits without losing one of them."""
    places = next((n for n in range(_MOST_PLACES) if (value * 10**n).denominator == 1), None)
    return str(float(value)) if places is None else f"{Decimal(int(value * 10**places)).scaleb(-places):f}"
