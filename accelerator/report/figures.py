"""Numbers as people read them."""

from collections.abc import Sequence

_COUNTS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_TIMES = ((1.0, "s", 1.0), (1e-3, "ms", 1e3), (0.0, "µs", 1e6))


def as_count(value: float) -> str:
    """Return a count in three digits: `77.8 k`, `1.53 M`; below a thousand as it is."""
    return _scaled(value, _COUNTS) or f"{value:g}"


def as_bytes(value: float) -> str:
    """Return a size: `2.88 MiB`."""
    return _scaled(value, _BYTES) or f"{value:g} B"


def as_time(seconds: float) -> str:
    """Return a duration: `4.58 ms`."""
    for least, unit, factor in _TIMES:
        if seconds >= least:
            return f"{seconds * factor:.3g} {unit}"
    return "0 s"


def as_period(seconds: float) -> str:
    """Return how long something took: `8.52 s`, `4 min 10 s`, `3 h 25 min`."""
    if seconds < 60:
        return as_time(seconds)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def as_number(value: float | Sequence[float | None]) -> str:
    """Return a number, or several, in five digits; a dash where one is not known."""
    if isinstance(value, Sequence):
        return ", ".join("–" if item is None else f"{item:.5g}" for item in value)
    return f"{value:.5g}"


def as_share(part: float, whole: float) -> str:
    """Return a part of a whole in percent; a part that is there is never 0 %."""
    if not whole or not part:
        return "0 %"
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent >= 1 else "< 1 %"


def _scaled(value: float, units: Sequence[tuple[float, str]]) -> str | None:
    for size, unit in units:
        if abs(value) >= size:
            return f"{value / size:.3g} {unit}"
    return None
