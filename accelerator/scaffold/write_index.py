"""`accelerator configure index`: the index files of a project, made of its configs, plugins' and ours."""

from accelerator.components import Registry
from accelerator.config.groups import own_search_path
from accelerator.config.index_files import COMMAND, INDEX, index_texts
from accelerator.config.project import Project, search_path
from accelerator.scaffold.generated import (
    OPEN_SEAL,
    GeneratedFile,
    bring_up_to_date,
    has_sound_seal,
    refuse_without_configs,
    stale_lines,
)


def write_index(project: Project, *, check: bool = False, force: bool = False) -> list[str]:
    """Write the index files of a project that are missing or stale; return a line for each, none when all were good.

    Only files below the project's `configs/index/` are written; with `check` none is.

    Raises:
        InputError: one of them was changed by hand (and not `force`, which keeps a copy): nothing is written then. Or
            the project has no configs, or a file cannot be written.
    """
    refuse_without_configs(project, COMMAND)
    files = index_files(project)
    if check:
        return stale_lines(files, project.root)
    return bring_up_to_date(files, project.root, COMMAND, force=force)


def index_files(project: Project) -> list[GeneratedFile]:
    """Return all index files that a project should have, and those of ours that it should have no more."""
    sources = own_search_path(project, search_path(project, Registry.discover(project.root)))
    folder = project.configs / INDEX
    files = {folder / f"{kind}.yaml": text for kind, text in index_texts(sources, OPEN_SEAL).items()}
    others = [path for path in sorted(folder.glob("*.yaml")) if path not in files]
    obsolete = [path for path in others if has_sound_seal(path.read_text(encoding="utf-8", errors="replace"))]
    wanted = [GeneratedFile(path, text) for path, text in files.items()]
    return wanted + [GeneratedFile(path, None) for path in obsolete]
