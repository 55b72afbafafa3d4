"""The part of the check that needs components to be imported: those whose source does not tell what they take."""

from collections.abc import Collection, Iterable

from accelerator.components import Registry
from accelerator.config.build import Builder, signature_or_none
from accelerator.config.check_targets import Target, note_arguments
from accelerator.config.read import Reader
from accelerator.config.trust import Trust
from accelerator.errors import ConfigError


def check_imported(
    targets: Iterable[Target], facts: Collection[str] | None, registry: Registry, trust: Trust, reader: Reader
) -> None:
    """Import targets, and note those that do not import, are not trusted, or do not take their arguments."""
    builder = Builder(registry, trust, reader.provenance.place_of)
    for target in targets:
        node = target.node
        try:
            _, found = builder.resolve({"_target_": node.target}, node.kind, node.key, nested=not node.is_outermost)
        except ConfigError as error:
            reader.problems.extend(error.problems)
            continue
        signature = signature_or_none(found)
        if signature is not None and node.is_called:
            note_arguments(target, signature, facts, reader)
