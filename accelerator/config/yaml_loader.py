"""The parser of YAML text, for modules that import yaml anyway."""

from typing import Any

from accelerator.hostile_yaml import fastest_loader

YAML_LOADER: Any = fastest_loader()
