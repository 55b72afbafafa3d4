"""`overrides.yaml`: the overrides of a run's commands as typed, its first command's and those of each resume."""

from accelerator.hostile_yaml import fastest_loader, measure_yaml
from accelerator.runs.folder import RunFolder


def read_overrides(folder: RunFolder) -> list[str]:
    """Return the overrides of a run; none where the file is lost or damaged: its config holds what they set."""
    import yaml  # 15 ms, and only who looks into a config needs it

    try:
        text = folder.overrides.read_text(encoding="utf-8")
        measure_yaml(text)
        found = yaml.load(text, Loader=fastest_loader())
    except (OSError, ValueError, yaml.YAMLError):
        return []
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
