import json
from pathlib import Path

import pytest

from accelerator.errors import StorageError
from accelerator.runs.datasets import DatasetFacts, Field, datasets_to_json, read_datasets
from accelerator.runs.folder import RunFolder

FACTS = DatasetFacts("train", "", 3, [Field("input", "float32", [2]), Field("text", "str", None)], "ab", 3)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    nothing = read_datasets(folder)
    folder.datasets.write_text(json.dumps(datasets_to_json([FACTS])))

    assert nothing == []
    assert read_datasets(folder) == [FACTS]


@pytest.mark.parametrize("content", ['{"datasets": [{"split": "train"}]}', "{}", '{"datasets": 3}'])
def test_a_damaged_file_is_told(tmp_path: Path, content: str) -> None:
    folder = RunFolder(tmp_path)
    folder.datasets.write_text(content)

    with pytest.raises(StorageError, match="datasets.json: does not say which data was read"):
        read_datasets(folder)
