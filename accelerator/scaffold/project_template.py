"""The files of a new project, filled in from the templates that lie beside this module.

`project/` holds a whole project, `configs_only/` what is different where only configs are added.
"""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from accelerator.config.project import CONFIGS
from accelerator.scaffold.project_names import ProjectNames

PROJECT, CONFIGS_ONLY = "project", "configs_only"
SHIPPED = Path(__file__).parent
_SUFFIX = ".template"
_PACKAGE = "package"
_MODEL = f"{CONFIGS}/model/"


def values_of(names: ProjectNames) -> dict[str, str]:
    """Return what is filled into the templates."""
    return {"title": names.title, "package": names.package, "distribution": names.distribution}


def project_files(template: str, values: Mapping[str, str], folder: Path = SHIPPED) -> dict[str, str]:
    """Return the files of a project as {path from its root: text}, sorted.

    Args:
        template: `PROJECT` for all of it, `CONFIGS_ONLY` for a project that exists.
        values: what `values_of` gives.
        folder: where the templates lie.
    """
    files = _filled(folder / PROJECT, values)
    if template == CONFIGS_ONLY:
        files = {path: text for path, text in files.items() if path.startswith(f"{CONFIGS}/")}
        files = {path: text for path, text in files.items() if not path.startswith(_MODEL)}
        files |= _filled(folder / CONFIGS_ONLY, values)
    return dict(sorted(files.items()))


def _filled(folder: Path, values: Mapping[str, str]) -> dict[str, str]:
    return {
        _path_of(path.relative_to(folder), values): Template(path.read_text(encoding="utf-8")).substitute(values)
        for path in folder.rglob(f"*{_SUFFIX}")
    }


def _path_of(template: Path, values: Mapping[str, str]) -> str:
    parts = [values["package"] if part == _PACKAGE else part for part in template.parts]
    return "/".join(parts).removesuffix(_SUFFIX)
