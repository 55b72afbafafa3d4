"""One line of what `accelerator doctor` found."""

from dataclasses import asdict, dataclass

OK, WARNING, PROBLEM = "ok", "warning", "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    state: str
    """`ok`, `warning` or `problem`."""
    text: str
    remedy: str = ""
    """What to do; "" when all is well."""

    def to_json(self) -> dict[str, str]:
        """Return the line as plain values."""
        return asdict(self)
