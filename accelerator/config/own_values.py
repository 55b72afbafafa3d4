"""What the present project's own configs hold, as text: it tells what a run's config may ask for."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

import yaml

from accelerator.config.project import ConfigSource
from accelerator.config.yaml_loader import YAML_LOADER


def own_values(sources: Sequence[ConfigSource], part: str) -> Iterator[str]:
    """Yield each scalar in the files of the search path that contains `part`, as a whole; comments hold none."""
    for source in sources:
        for path in sorted(source.path.rglob("*.yaml")):
            text = path.read_text(encoding="utf-8", errors="replace")
            if part not in text:
                continue
            with suppress(yaml.YAMLError):  # a broken file of another experiment is no reason to stop here
                events = yaml.parse(text, Loader=YAML_LOADER)
                yield from (item.value for item in events if isinstance(item, yaml.ScalarEvent) and part in item.value)
