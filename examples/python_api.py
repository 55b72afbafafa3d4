"""Train from Python what the command line trains, then load the model and use it.

python examples/python_api.py                                  # all of experiment=digits_resnet
python examples/python_api.py train.epochs=1 tracking=none     # with overrides, as on the command line
"""

import sys

from accelerator import Context, TrainLoop, compose, load_model, run
from accelerator.domain.cv.digits import digits


def main(overrides: list[str]) -> None:
    """Train twice, and recognise some digits that the model has never seen."""
    context = Context.from_config(compose(["experiment=digits_resnet", *overrides]))
    summary = TrainLoop(context).run()
    print(f"{summary.status} after {summary.step} steps: test accuracy {summary.metrics['test/accuracy']:.3f}")

    # The same in one call, also in a notebook; here with another model.
    summary = run("experiment=digits_resnet", "model=mlp", *overrides)
    print(f"the MLP in {summary.run_folder}: test accuracy {summary.metrics['test/accuracy']:.3f}")

    model = load_model(str(summary.run_folder))
    images, targets = digits().test[:8]
    print("seen:", targets.tolist(), "recognised:", model(images).argmax(dim=1).tolist())


if __name__ == "__main__":
    main(sys.argv[1:])
