"""Parameters as lines of a config, and what their comments say."""

import ast
import sys

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from accelerator.config.signatures import Parameter, Signature
from accelerator.scaffold.add_parameters import (
    Said,
    comment_of,
    config_parameters,
    is_same_code,
    node_lines,
    read_comment,
)

NAMED = "positional_or_keyword"


def _lines(kind: str, *parameters: Parameter, is_class: bool = True) -> list[str]:
    return list(node_lines("package.Thing", Signature(parameters, is_class=is_class), kind))[1:]


@pytest.mark.parametrize(
    ("annotation", "default", "line"),
    [
        ("int", "32", "x: 32 # int = 32"),
        ("int", None, "x: ??? # int, required"),
        (None, None, "x: ??? # required"),
        (None, "1e-3", "x: 0.001 # = 1e-3"),
        ("str | None", "None", "x: null # str | None = None"),
        ("str", "'no'", "x: 'no' # str = 'no'"),
        ("str", "'a: b # c'", "x: 'a: b # c' # str = 'a: b # c'"),
        ("bool", "True", "x: true # bool = True"),
        ("tuple[float, float]", "(0.9, 0.99)", "# x: [0.9, 0.99] # tuple[float, float] = (0.9, 0.99)"),
        ("Callable", "F.relu", "# x: null # Callable = F.relu"),
        ("bytes", "b'x'", "# x: null # bytes = b'x'"),
        ("complex", "1j", "# x: null # complex = 1j"),
        ("str", "'1e3'", "x: '1e3' # str = '1e3'"),
        ("str", "'${HOME}'", "# x: null # str = '${HOME}'"),
    ],
)
def test_a_parameter_is_a_line_with_its_type_and_default(
    annotation: str | None, default: str | None, line: str
) -> None:
    assert _lines("loss", Parameter("x", NAMED, annotation, default)) == [line]


def test_what_data_tells_a_model_may_be_null() -> None:
    parameters = [Parameter("num_classes", NAMED, "int"), Parameter("in_channels", NAMED, "int", "3")]

    assert _lines("model", *parameters) == [
        "num_classes: ??? # int, required; null: what the data says",
        "in_channels: null # int = 3; null: what the data says",
    ]
    assert _lines("loss", parameters[1]) == ["in_channels: 3 # int = 3"]


def test_arguments_by_position_or_of_any_number_are_told() -> None:
    parameters = [
        Parameter("first", "positional_only", "int"),
        Parameter("rest", "var_positional", "int"),
        Parameter("options", "var_keyword"),
    ]

    assert _lines("loss", *parameters) == [
        "_args_: ['???'] # first: int",
        "# _args_: [] # any number of arguments by position: *rest: int",
        "# any other argument by name: **options",
    ]


@pytest.mark.parametrize(
    ("kind", "is_class", "left"),
    [
        ("optimizer", True, ["optimizer", "rng", "weight"]),
        ("scheduler", True, ["params", "rng", "weight"]),
        ("loss", True, ["params", "optimizer", "rng", "weight"]),
        ("loss", False, ["weight"]),
    ],
)
def test_what_the_builder_or_a_call_gives_is_no_matter_of_a_config(kind: str, is_class: bool, left: list[str]) -> None:
    names = ["params", "optimizer", "rng"]
    parameters = (*(Parameter(name, NAMED) for name in names), Parameter("weight", NAMED, "float", "1.0"))

    found = config_parameters(Signature(parameters, is_class=is_class), kind)

    assert [item.name for item in found] == left


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  width: 32 # int = 32", Said("width", "int", "32")),
        ("  # width: 32 # int = 32", Said("width", "int", "32")),
        ("width: 32 # int = 32; channels", Said("width", "int", "32")),
        ("width: ??? # int, required", Said("width", "int", None)),
        ("width: null # int, required; null: what the data says", Said("width", "int", None)),
        ("width: ??? # required", Said("width", "", None)),
        ("size: 3 # _size_2_t = 3", Said("size", "_size_2_t", "3")),
        ("dtype: null # torch.dtype | None = None", Said("dtype", "torch.dtype | None", "None")),
        ("mark: ';' # str = ';'", Said("mark", "str", "';'")),
        ("'on': [test] # tuple[str, ...] = ('test',)", Said("on", "tuple[str, ...]", "('test',)")),
        ("lr: 0.1 # best at lr = 0.1", None),
        ("lr: 0.1 # lr = 0.1", None),
        ("share: 0.1 # of all steps", None),
        ("# width: int = 32", None),
        ("width: 32", None),
    ],
)
def test_a_comment_is_read_only_when_it_speaks_of_a_type(line: str, said: Said | None) -> None:
    assert read_comment(line) == said


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20)
)


@given(
    st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in sys.builtin_module_names),
    st.sampled_from([None, "int", "str | None", "Literal['a', 'b']", "torch.dtype"]),
    st.one_of(_VALUES, st.tuples(_VALUES, _VALUES)),
)
@example("separator", "str", "\n")
@example("separators", None, (1e-05, "a\n b"))
def test_a_line_holds_the_default_and_its_comment_tells_it(name: str, annotation: str | None, value: object) -> None:
    item = Parameter(name, NAMED, annotation, repr(value))

    assume("${" not in repr(value))

    (line,) = _lines("loss", item)

    held = yaml.safe_load(line.removeprefix("# "))
    assert held == {name: list(value) if isinstance(value, tuple) else value}
    said = read_comment(line)
    assert said is not None
    assert (said.name, said.annotation, ast.literal_eval(said.default or "")) == (name, annotation or "", value)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("1e-3", "0.001", True),
        ("(1,2)", "(1, 2)", True),
        ("typing.Optional[int]", "Optional[int]", True),
        ("F.relu", "F.gelu", False),
        ("1", "True", False),
        ("'a'", '"a"', True),
    ],
)
def test_code_is_compared_by_what_it_means(first: str, second: str, same: bool) -> None:
    assert is_same_code(first, second) is same


def test_the_comment_of_a_parameter_is_its_declaration() -> None:
    assert comment_of(Parameter("x", NAMED, "int", "1")) == "int = 1"
