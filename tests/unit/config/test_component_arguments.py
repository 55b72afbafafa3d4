"""What components take is read from their source, with what their docstrings say of it."""

from pathlib import Path

from accelerator.components import Component
from accelerator.config.component_arguments import argument_texts, component_arguments

SOURCE = '''
class Net:
    """A net.

    Args:
        width: how wide,
            in channels.
        depth (int): how deep.
    """

    def __init__(self, width: int, depth: int | None = 3, shape=None, **others):
        ...
'''


def test_arguments_have_annotation_default_and_text(tmp_path: Path) -> None:
    (tmp_path / "own_net_of_mine.py").write_text(SOURCE, encoding="utf-8")

    (found,) = component_arguments([Component("model", "net", "own_net_of_mine:Net", "own")], tmp_path).values()

    width, depth, shape = found.named
    assert (width.annotation, width.default, width.text) == ("int", "", "how wide, in channels.")
    assert (depth.annotation, depth.default, depth.text) == ("int | None", "3", "how deep.")
    assert (shape.annotation, shape.default, shape.text) == ("", "None", "")
    assert depth.schema["description"] == "how deep. (int | None, default 3)"
    assert shape.schema == {"description": "any value, default None"}
    assert {"type": "null"} in width.schema["anyOf"]
    assert set(found.schema) == {"width", "depth", "shape", "*"}


def test_a_class_of_another_library_that_we_register_is_left_out_and_what_cannot_be_read_too(tmp_path: Path) -> None:
    components = [
        Component("loss", "mse", "torch.nn:MSELoss", "accelerator-framework"),
        Component("loss", "none", "no_such_module_at_all:Loss", "own"),
        Component("configs", "own", "own.configs", "own"),
    ]

    assert component_arguments(components, tmp_path) == {}


def test_a_docstring_without_arguments_says_nothing() -> None:
    assert argument_texts(None) == {}
    assert argument_texts("Only words.\n\nReturns:\n    x: y") == {}
