import string

from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name

from accelerator.tracking.mlflow_names import batches, mlflow_key


def test_usual_names_stay_as_they_are() -> None:
    names = ["train/loss", "system/gpu 0.util", "optimizer/lr", "validation/a-b_c"]

    assert [mlflow_key(name) for name in names] == names


@given(st.text(min_size=1, max_size=300))
def test_mlflow_takes_every_mapped_name(name: str) -> None:
    key = mlflow_key(name)
    _validate_metric_name(key)

    assert 0 < len(key) <= 250


@given(st.lists(st.text(string.ascii_letters + "/.@#", min_size=1, max_size=6), unique=True, max_size=30))
def test_two_names_never_become_one(names: list[str]) -> None:
    assert len({mlflow_key(name) for name in names}) == len(names)


def test_items_are_divided_by_number_and_by_size() -> None:
    assert list(batches(range(5), 2, lambda item: 1)) == [[0, 1], [2, 3], [4]]
    assert list(batches(range(3), 10, lambda item: 300_000)) == [[0], [1], [2]]
    assert list(batches([], 2, lambda item: 1)) == []
