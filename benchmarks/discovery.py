"""Finding what 200 installed distributions declare: anew, and from the cache.

`python -m benchmarks.discovery cold|cached` makes the distributions' metadata in a folder of its own, which stands on
`sys.path` beside what is installed here, and times one look in this fresh process. Every tenth distribution declares
components; half have entry points of other groups, as installed ones do.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from accelerator.discovery.installed import installed_declarations

NUM_DISTRIBUTIONS = 200
_LINES_OF_METADATA = 120  # a usual README within it


def main() -> None:
    """Print the milliseconds of one look, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        make_distributions(site)
        sys.path.append(str(site))
        os.environ["XDG_CACHE_HOME"] = str(Path(folder, "cache"))
        if sys.argv[1] == "cached":
            installed_declarations()
        start = time.perf_counter()
        found = installed_declarations()
        milliseconds = (time.perf_counter() - start) * 1000
    made = [item for item in found if item.distribution.startswith("made-")]
    if len(made) != NUM_DISTRIBUTIONS // 10:
        raise SystemExit(f"found {len(made)} components of {NUM_DISTRIBUTIONS // 10}")
    print(json.dumps({"milliseconds": milliseconds}))


def make_distributions(site: Path) -> None:
    """Write the metadata of `NUM_DISTRIBUTIONS` distributions, as pip leaves it."""
    for number in range(NUM_DISTRIBUTIONS):
        info = site / f"made_{number}-1.0.dist-info"
        info.mkdir(parents=True)
        head = f"Metadata-Version: 2.1\nName: made-{number}\nVersion: 1.0\n\n"
        (info / "METADATA").write_text(head + "A line of its README.\n" * _LINES_OF_METADATA, encoding="utf-8")
        (info / "RECORD").write_text("made/__init__.py,,\n", encoding="utf-8")
        entry_points = "[console_scripts]\nmade = made:main\n" if number % 2 == 0 else ""
        entry_points += f"[accelerator.model]\nmodel_{number} = made:Model\n" if number % 10 == 0 else ""
        if entry_points:
            (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")


if __name__ == "__main__":
    main()
