"""The verbs of `accelerator experiment` that use what is there: a trained run, or a config's model and data."""

from typing import Literal

from accelerator.cli.late import late
from accelerator.cli.outcome import print_outcome
from accelerator.cli.terminal import print_line
from accelerator.config.project import Project
from accelerator.errors import UsageError


class UsingVerbs:
    """The part of `Experiment` that makes something of a run or a config: predictions, analyses."""

    _project: Project

    def predict(
        self,
        run: str,
        *overrides: str,
        output: str | None = None,
        split: Literal["validation", "test"] = "test",
        checkpoint: Literal["last", "best"] | None = None,
    ) -> int:
        """Write what a trained run predicts as a Parquet file: one row a sample, in the data's order.

        The columns are index, what the task gives (classification: prediction and probabilities), and target where
        the data has one. The prediction has a run folder of its own, printed last.

        Flags:
          --output FILE   the file to write; needed
          --split S       validation or test (the default)
          --checkpoint C  last or best; without it what the run's checkpoint.use says

        Examples:
          accelerator experiment predict last --output predictions.parquet
          accelerator experiment predict 3fa2b1 --output validation.parquet --split validation --checkpoint best
        """
        if output is None:
            raise UsageError("accelerator experiment predict: --output is missing. Write --output FILE.parquet.")
        predicted = late("experiment", "predict")(
            run, overrides, output=output, split=split, checkpoint=checkpoint, project=self._project, say=print_line
        )
        return print_outcome(predicted)

    def export(
        self,
        run: str,
        *overrides: str,
        output: str | None = None,
        format: Literal["safetensors", "torch_export", "onnx"] = "safetensors",
        checkpoint: Literal["last", "best"] | None = None,
    ) -> int:
        """Write a trained run's model into a file for others; its outputs are compared with the original's.

        Both are called on a real batch. Where they differ by more than rounding the run fails, exit 1, and no file is
        left. The batch size is open where the model allows it. The export has a run folder of its own, printed last,
        with export.json. A file that is there is never replaced.

        Flags:
          --output FILE   the file to write; needed
          --format F      safetensors (the default): tensors and config, for accelerator.load_model(FILE); torch_export:
                          a graph, for torch.export.load(FILE); onnx: for ONNX runtimes, needs the extra `onnx`
          --checkpoint C  last or best; without it what the run's checkpoint.use says

        Examples:
          accelerator experiment export last --output model.safetensors
          accelerator experiment export 3fa2b1 --format onnx --output model.onnx --checkpoint best
        """
        if output is None:
            raise UsageError("accelerator experiment export: --output is missing. Write --output FILE.")
        exported = late("experiment", "export")(
            run, overrides, output=output, format=format, checkpoint=checkpoint, project=self._project, say=print_line
        )
        return print_outcome(exported)

    def analyze_model(self, *overrides: str) -> int:
        """Run a config's model on a real batch and tell what it costs, per module; writes JSON and a page.

        Parameters, FLOPs (forward, one sample), output shapes, time and memory, and where they go in words. It has a
        run folder of its own, printed last, with analysis/model.json and analysis/model.html.

        Examples:
          accelerator experiment analyze_model experiment=digits_resnet
          accelerator experiment analyze_model experiment=cifar10_resnet18 loader.batch_size=128
        """
        return print_outcome(late("experiment", "analyze_model")(overrides, project=self._project, say=print_line))

    def analyze_data(self, *overrides: str) -> int:
        """Read a config's data and tell what it is like and what is wrong with it; writes JSON and a page.

        Sizes, shapes, ranges, classes, mean and std to paste into a config; duplicates, leaks between splits, label
        conflicts, non-finite and missing values. It has a run folder of its own, printed last, with
        analysis/data.json and analysis/data.html.

        Examples:
          accelerator experiment analyze_data experiment=digits_resnet
        """
        return print_outcome(late("experiment", "analyze_data")(overrides, project=self._project, say=print_line))
