"""What a config must never get called: targets, and the forms in which a node can hide one.

Also a script: `python tests/security/attacks.py` tries each in each form with whatever Hydra the interpreter has, and
prints as JSON the version, how many it tried and what got through.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import hydra

from accelerator.components import Registry
from accelerator.config.build import builder_for
from accelerator.errors import ConfigError

DEFAULT_TRUST = ("torch", "torchvision", "torchmetrics", "timm", "transformers", "kornia")
TARGETS = [
    # os.system by its name and by what leads to it
    *("os.system", "posix.system", "subprocess.os.system", "logging.os.system", "torch.os.system"),
    *(
        "torch.hub.os.system",
        "shutil.os.system",
        "accelerator.config.project.sys.modules",
        "torch.utils.data.os.system",
    ),
    *("accelerator.runs.files.os.system", "accelerator.runs.environment.subprocess.Popen"),
    *("subprocess.Popen", "subprocess.run", "torch.utils.cpp_extension.subprocess.Popen", "os.popen", "os.execv"),
    *("builtins.eval", "builtins.exec", "builtins.__import__", "builtins.open", "builtins.getattr"),
    *("torch.load", "torch.hub.load", "torch.hub.load_state_dict_from_url", "torch.utils.cpp_extension.load"),
    *("torch.utils.cpp_extension.load_inline", "torch.jit.load", "torch.package.PackageImporter", "torch.save"),
    *("pickle.loads", "pickle.Unpickler", "torch.serialization.pickle.loads", "marshal.loads", "shelve.open"),
    *("runpy.run_path", "runpy.run_module", "importlib.import_module", "imp.load_source", "code.interact"),
    *("shutil.rmtree", "pathlib.Path.unlink", "torch.distributed.run.main", "torch.multiprocessing.spawn"),
    *("functools.partial", "functools.reduce", "operator.methodcaller", "operator.attrgetter", "types.FunctionType"),
    *("hydra.utils.get_method", "hydra.utils.get_class", "hydra.utils.call", "hydra.utils.instantiate"),
    *("hydra._internal.utils._locate", "omegaconf.OmegaConf.register_new_resolver"),
    # chains through what is allowed
    *("torch.nn.modules.module.OrderedDict", "torch.nn.Module.__init__.__globals__", "torch.nn.Linear.__subclasses__"),
    *("torch.nn.Module.load_state_dict", "torch.nn.modules.module.functools.partial", "torch.__loader__.load_module"),
    # the policy itself
    *(
        "accelerator.config.trust.Trust",
        "accelerator.config.trust.dataclasses.replace",
        "accelerator.components.Registry",
    ),
    *(
        "accelerator.components.Registry.discover",
        "accelerator.components.Component",
        "accelerator.components.component",
    ),
    *("accelerator.config.build.builder_for", "accelerator.config.build.Builder", "accelerator.runs.files.write_text"),
    *(
        "accelerator.config.compose.compose",
        "accelerator.experiment.train.run",
        "accelerator.run",
        "accelerator.compose",
    ),
    # names that are none
    *(
        "torch.nn..Linear",
        ".os.system",
        "torch.nn.Linear ",
        "torch.nn.Line\x1b[2Jar",
        "torch/../os.system",
        "os.system()",
    ),
]


# The last one: a node that is handed on as it stands is data, here for an argument that wants a number.
REFUSALS = ("trust", "no dotted path", "does not import", "takes int as 'num_classes'")


def nodes(target: str, canary: Path) -> dict[str, Any]:
    """Return a model node for each form in which it can name `target`, with what would leave `canary`."""
    evil: dict[str, Any] = {"_target_": target, "_args_": [f"touch {canary}"]}
    linear = {"_target_": "torch.nn.Linear", "_args_": [1, 1]}
    return {
        "itself": evil,
        "nested": {"_target_": "torch.nn.Sequential", "_args_": [linear, evil]},
        "deep in lists": {"_target_": "torch.nn.Sequential", "_args_": [[[{"a": [evil]}]]]},
        "in a mapping": {"_target_": "mlp", "num_classes": {"x": {"y": evil}}},
        "partial": {**evil, "_partial_": True},
        "partial, nested": {"_target_": "mlp", "num_classes": {**evil, "_partial_": True}},
        "converted": {**evil, "_convert_": "object"},
        "not recursive": {"_target_": "mlp", "_recursive_": False, "num_classes": evil},
        "by keyword": {"_target_": target, "command": f"touch {canary}"},
    }


def what_gets_through(target: str, folder: Path) -> list[str]:
    """Build a target in each form; return those that were not refused, or left something behind."""
    builder = builder_for(_REGISTRY, DEFAULT_TRUST, folder)
    passed = []
    for form, node in nodes(target, folder / "canary").items():
        try:
            builder.build(node, "model", "model")
            passed.append(form)
        except ConfigError as error:
            if not any(reason in str(error) for reason in REFUSALS):
                passed.append(f"{form}: {error}")
    return [*passed, *(["it ran"] if (folder / "canary").exists() else [])]


_REGISTRY = Registry.discover(Path(__file__).resolve().parents[2])

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        found = {target: what_gets_through(target, Path(place)) for target in TARGETS}
    passed = {name: forms for name, forms in found.items() if forms}
    json.dump({"hydra": hydra.__version__, "tried": len(found), "passed": passed}, sys.stdout)
