"""From process start to the first optimizer step, on the digits: by a plain script, and by `accelerator`.

`python -m benchmarks.first_step plain` imports what our command imports, reads the same data, builds the same model
and optimizer, makes one step and prints the mark. `… ours` is the main job with a callback that prints it.
"""

import sys
import tempfile

from benchmarks.stopwatch import MARK


def plain() -> None:
    """Make one step by hand, with the imports of a script that does what ours does."""
    import fire  # noqa: F401
    import hydra  # noqa: F401
    import omegaconf  # noqa: F401
    import rich  # noqa: F401
    import safetensors.torch  # noqa: F401
    import torch
    from torch.utils.data import DataLoader

    from accelerator.domain.cv.digits import digits
    from accelerator.domain.cv.resnet import resnet8

    torch.manual_seed(0)
    model = resnet8(num_classes=10, in_channels=1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    loader = DataLoader(digits().train, batch_size=64, shuffle=True)
    inputs, targets = next(iter(loader))
    loss = torch.nn.functional.cross_entropy(model(inputs), targets)
    loss.backward()
    optimizer.step()
    print(MARK, flush=True)


def ours() -> None:
    """Run the main job's command up to its first step."""
    from accelerator.cli.main import main

    with tempfile.TemporaryDirectory() as output:
        marker = "+callback.mark={_target_: benchmarks.mark.MarkFirstStep}"
        more = ["train.steps=1", "tracking=none", f"paths.output={output}", marker]
        sys.argv = ["accelerator", "experiment", "train", "experiment=digits_resnet", *more]
        main()


if __name__ == "__main__":
    {"plain": plain, "ours": ours}[sys.argv[1]]()
