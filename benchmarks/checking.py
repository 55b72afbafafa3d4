"""What the check of our largest experiment costs: `python -m benchmarks.checking compose|check|imports|refused`.

`compose` composes it, `check` checks it besides, `imports` composes it and imports what it names, each once
Hydra is imported; `refused` is the whole command with a wrong name. Each prints its seconds as JSON.
"""

import json
import subprocess
import sys
import time

LARGEST = "experiment=cifar10_resnet18"


def main(name: str) -> None:
    """Do it once and print what it took."""
    print(json.dumps({"seconds": refused() if name == "refused" else in_process(name)}))


def in_process(name: str) -> float:
    """Compose, and check or import; return the seconds."""
    from accelerator.components import Registry
    from accelerator.config.check import check_config
    from accelerator.config.component_nodes import component_nodes
    from accelerator.config.compose import compose
    from accelerator.config.project import find_project

    began = time.perf_counter()
    project = find_project()
    registry = Registry.discover(project.root)
    config = compose([LARGEST], project=project, registry=registry)
    if name == "check":
        assert check_config(config, registry) == [] and "torch" not in sys.modules
    if name == "imports":
        for node in component_nodes(config):
            registry.find(node.target, node.kind).load()
    return time.perf_counter() - began


def refused() -> float:
    """Give a wrong name to the command; return the seconds."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "accelerator", "configure", "check", LARGEST, "model=resnet17"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "resnet18" in done.stderr, done.stderr
    return time.perf_counter() - began


if __name__ == "__main__":
    main(sys.argv[1])
