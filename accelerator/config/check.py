"""Whether a composed config can be run: one list of all that is wrong with it.

`examine` imports no component: keys, types, ranges, interpolations, names, arguments and references are judged by the
config, the entry points and the components' source. `check_config` then imports what the source of does not tell.
"""

from collections.abc import Collection
from dataclasses import dataclass

from omegaconf import DictConfig

from accelerator.components import Registry
from accelerator.config.check_calls import check_calls
from accelerator.config.check_forms import check_forms
from accelerator.config.check_imported import check_imported
from accelerator.config.check_interpolations import check_interpolations
from accelerator.config.check_node_keys import check_node_keys
from accelerator.config.check_references import References
from accelerator.config.check_schedule import check_schedule
from accelerator.config.check_targets import Target, Targets, check_arguments, trust_of
from accelerator.config.component_nodes import component_nodes
from accelerator.config.compose import composition_of
from accelerator.config.project import Project, find_project
from accelerator.config.provenance import Provenance
from accelerator.config.read import Reader
from accelerator.config.trust import Trust
from accelerator.errors import Problem
from accelerator.heap import uncollected


@dataclass(frozen=True)
class Examined:
    """A config of which all is known that can be without importing a component."""

    reader: Reader
    unread: tuple[Target, ...]
    """Targets that are in order by name, and have to be imported to know what they take."""
    facts: Collection[str] | None
    trust: Trust
    project: Project

    @property
    def problems(self) -> list[Problem]:
        """All that was found, each once."""
        return list(dict.fromkeys(self.reader.problems))


@uncollected()
def check_config(config: DictConfig, registry: Registry) -> list[Problem]:
    """Return all problems of a composed config; imports only components whose source does not tell what they take."""
    found = examine(config, registry)
    if found.unread:
        found.project.put_on_path()
        check_imported(found.unread, found.facts, registry, found.trust, found.reader)
    return found.problems


def examine(config: DictConfig, registry: Registry, *, with_references: bool = True) -> Examined:
    """Check a composed config without importing a component.

    Args:
        config: the config.
        registry: the components that there are.
        with_references: also whether `inputs` and monitors name what the config gives.
    """
    composition = composition_of(config)
    project = composition.project if composition else find_project()
    reader = Reader(composition.provenance if composition else Provenance({}))
    trust = trust_of(config, registry, project.root)
    check_forms(config, registry, reader)
    nodes = list(component_nodes(config))
    check_node_keys(nodes, reader)
    targets = Targets(registry, trust, reader).find(nodes)
    references = References(config, targets, reader)
    unread = check_arguments(targets, references.facts, reader)
    if with_references:
        references.check()
        check_calls(config, targets, project.module_folders, reader)
        check_schedule(config, targets, project.module_folders, reader)
    check_interpolations(config, reader)
    return Examined(reader, tuple(unread), references.facts, trust, project)
