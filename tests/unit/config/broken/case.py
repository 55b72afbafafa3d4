"""How a broken config is written down: what is wrong, the parts of what is said of it, and its mend."""

import re
from dataclasses import dataclass

PROPOSED = r"for example (\S+)\.$"
MEANT = r"Did you mean '([^']+)'"


@dataclass(frozen=True)
class Broken:
    """One mistake. `take` finds in the message what it proposes, which stands for `{}` in `mended`."""

    given: str
    """Overrides, separated by blanks of two; or the text of a file."""
    where: str
    came: str
    allowed: str
    next: str
    take: str
    mended: str

    def mend(self, message: str) -> str:
        """Return what is given instead when the message is followed."""
        found = re.search(self.take, message)
        assert found, f"{self.take} is not in: {message}"
        return self.mended.replace("{}", found[1])
