"""The page of a data set."""

from typing import Any

from accelerator.report.data_page import class_table, data_page, normalisation

NOTHING = {"count": 0, "examples": []}
PICTURES = {"dtypes": {"float32": 2}, "shapes": {"3×4×4": 2}, "minimum": 0.0, "maximum": 1.0}
SPREAD = {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}


def analysis(**changes: Any) -> dict[str, Any]:
    kinds = ("leaks", "duplicates", "label_conflicts", "non_finite", "missing")
    train = {"split": "train", "samples": 2, "fields": {"input": PICTURES | SPREAD}, "classes": {"0": 1, "1": 1}}
    test = {"split": "test", "dataset": "night", "samples": 1, "fields": {}, "classes": {"0": 1}}
    return {"samples": {"count": 3}, **dict.fromkeys(kinds, NOTHING), "sets": [train, test], **changes}


def test_defects_are_shown_with_their_places() -> None:
    leak = {"first": {"split": "train", "index": 4}, "again": {"split": "test", "dataset": "night", "index": 7}}
    broken = {"split": "train", "index": 1, "fields": ["input"]}
    page = data_page(
        analysis(leaks={"count": 12, "examples": [leak]}, non_finite={"count": 1, "examples": [broken]}), "run", "data"
    )

    assert "<td>train 4</td><td>test/night 7</td>" in page
    assert "<td>train 1</td><td>input</td>" in page
    assert "The first 1:" in page


def test_what_the_data_says_is_text_and_never_markup() -> None:
    sets = [{"split": "train", "samples": 1, "fields": {}, "classes": {"<script>alert(1)</script>": 1}}]

    page = data_page(analysis(sets=sets), "<b>run</b>", "data")

    assert "<script" not in page and "<b>run" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_page_loads_nothing() -> None:
    page = data_page(analysis(), "run", "data")

    assert "http" not in page and "src=" not in page and "url(" not in page


def test_a_class_that_a_set_lacks_has_none() -> None:
    assert class_table(analysis()) == {
        "sets": ["train", "test/night"],
        "rows": {"0": [1, 1], "1": [1, 0]},
        "totals": [2, 1],
        "most": [1, 1],
    }
    assert class_table(analysis(sets=[])) is None


def test_mean_and_std_of_training_pictures_can_be_pasted() -> None:
    assert normalisation(analysis()) == "mean: [0.1, 0.2, 0.3]\nstd: [0.4, 0.5, 0.6]"
    assert normalisation(analysis(sets=[])) == ""


def test_no_number_to_divide_by_is_0() -> None:
    constant = PICTURES | {"mean": [0.1, 0.2], "std": [1e-17, 0.5]}
    sets = [{"split": "train", "samples": 2, "fields": {"input": constant}, "classes": None}]

    assert normalisation(analysis(sets=sets)) == (
        "mean: [0.1, 0.2]\nstd: [1, 0.5]  # 1 where all values of a channel are alike"
    )


def test_a_channel_without_finite_numbers_is_shown_and_not_pasted() -> None:
    broken = PICTURES | {"mean": [0.1, None], "std": [0.4, None]}
    sets = [{"split": "train", "samples": 2, "fields": {"input": broken}, "classes": None}]

    assert normalisation(analysis(sets=sets)) == ""
    assert '<td class="n">0.1, –</td>' in data_page(analysis(sets=sets), "run", "data")
