"""`accelerator add KIND NAME --from package.module.Class`: a config around a class that exists."""

import inspect
import re
import textwrap
from typing import Any

from accelerator.components import Registry
from accelerator.config.build import builder_for
from accelerator.config.compose import compose
from accelerator.config.project import Project
from accelerator.config.signatures import Signature, read_signature, signature_of
from accelerator.errors import ConfigError, InputError
from accelerator.scaffold.add_parameters import node_lines
from accelerator.scaffold.add_templates import filled

# The file around a node, by kind; others hold the node itself.
_FORMS = {
    **{kind: kind for kind in ("loss", "metric", "scheduler")},
    **{kind: "named" for kind in ("callback", "transform", "sample_transform")},
}
# What a class must derive from, or which methods it must have.
_BASES = {
    "model": ("torch.nn.modules.module.Module",),
    "data": ("torch.utils.data.dataset.Dataset", "accelerator.runtime.data.splits.DataSplits"),
    "task": ("accelerator.runtime.task.Task",),
    "optimizer": ("torch.optim.optimizer.Optimizer",),
    "scheduler": ("torch.optim.lr_scheduler.LRScheduler",),
    "callback": ("accelerator.runtime.events.Callback",),
    "engine": ("accelerator.runtime.engine.engine.Engine",),
}
_METHODS = {
    "metric": ("update", "compute", "reset", "state_dict", "load_state_dict"),
    "sampler": ("order",),
    "tracking": ("open", "send", "close"),
    **{kind: ("__call__",) for kind in ("loss", "transform", "sample_transform", "collate", "pipeline_step")},
}
_WIDTH = 120
_FIRST_SENTENCE = re.compile(r"(.+?)(?:\.\s|\.?$)", re.DOTALL)


def wrapped_config(kind: str, name: str, source: str, project: Project, registry: Registry, command: str) -> str:
    """Return the config of `source`, a dotted path or a component's name, as a component `name` of `kind`.

    Raises:
        InputError: the project does not trust it (says the line to add), it does not import, its signature cannot be
            told, or it is of another kind.
        ConfigError: the project's main config, which says what is trusted, does not compose.
    """
    project.put_on_path()
    trust = compose(project=project, registry=registry).trust
    builder = builder_for(registry, tuple(trust), project.root)
    try:
        path, found = builder.resolve({"_target_": source}, kind, kind)
        misfit = _misfit(found, kind)
        if misfit:
            raise InputError(f"{command}: '{path}' is no {kind}: {misfit}. Name one that is, or another kind.")
        builder.resolve({"_target_": source}, kind, kind, nested=False)  # as the config will be judged
    except ConfigError as error:
        problem = error.problems[0]
        raise InputError(f"{command}: {problem.what.rstrip('.')}. {problem.remedy}".rstrip()) from error
    signature = _signature(found, path, project, command)
    return filled(
        f"wrapped/{_FORMS.get(kind, 'node')}.yaml",
        name=name,
        summary=_summary(path, signature),
        node="\n".join(node_lines(source, signature, kind)),
    )


def _signature(found: Any, path: str, project: Project, command: str) -> Signature:
    """Return the signature as the source writes it, else as Python tells it."""
    read = read_signature(path, search=project.module_folders)
    if read is not None:
        return read
    try:
        return signature_of(found)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{command}: Python cannot tell what '{path}' takes ({error}). Write a component of your own around it: "
            f"the same command without --from."
        ) from error


def _misfit(found: Any, kind: str) -> str:
    """Return why an object cannot be a component of a kind, "" when it can. What a function returns shows later."""
    if not callable(found):
        return "it is neither a class nor a function"
    if not inspect.isclass(found):
        return ""
    if inspect.isabstract(found):
        return f"it is abstract, and lacks {', '.join(sorted(found.__abstractmethods__))}"
    bases = {f"{item.__module__}.{item.__qualname__}" for item in found.__mro__}
    wanted = _BASES.get(kind, ())
    if wanted and not bases & set(wanted):
        return f"its class does not derive from {' or '.join(wanted)}"
    lacking = [name for name in _METHODS.get(kind, ()) if name not in dir(found)]
    return f"its class has no method {', '.join(lacking)}" if lacking else ""


def _summary(path: str, signature: Signature) -> str:
    """Return the target and the first sentence of its docstring, as a comment."""
    sentence = _FIRST_SENTENCE.match((signature.docstring or "").strip().partition("\n\n")[0])
    words = " ".join(sentence[1].split()) if sentence else ""
    text = f"{path}: {words}." if words else f"{path}."
    return textwrap.fill(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False)
