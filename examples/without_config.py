"""Train objects of your own, without any config: a model, a loss, an optimizer and two data sets.

python examples/without_config.py
"""

import torch
from sklearn.datasets import load_digits
from torch.utils.data import TensorDataset

from accelerator import Context, DataSplits, TrainLoop


def main() -> None:
    """Recognise handwritten digits with two layers."""
    pixels, classes = load_digits(return_X_y=True)
    inputs = torch.tensor(pixels, dtype=torch.float32) / 16
    targets = torch.tensor(classes)
    train_set = TensorDataset(inputs[:1400], targets[:1400])
    test_set = TensorDataset(inputs[1400:], targets[1400:])

    model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    context = Context(
        model=model,
        loss=torch.nn.CrossEntropyLoss(),
        optimizer=torch.optim.AdamW(model.parameters(), lr=1e-2),
        data=DataSplits(train=train_set, test=test_set),
        batch_size=32,
        name="without_config",
    )
    summary = TrainLoop(context, epochs=3).run()

    accuracy = (model(inputs[1400:]).argmax(dim=1) == targets[1400:]).float().mean()
    print(
        f"test loss {summary.metrics['test/loss']:.3f}, accuracy {accuracy:.3f}; everything is in {summary.run_folder}"
    )


if __name__ == "__main__":
    main()
