"""A group's configs are listed with who provides them and what their comments say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accelerator.config.groups import configs_of, own_search_path
from accelerator.config.project import ConfigSource, Project, shipped_configs
from accelerator.errors import ConfigError

Write = Callable[[str, str], Path]


def test_the_first_file_of_a_name_counts(project: Project, write: Write) -> None:
    own = write("model/mlp.yaml", "_target_: mlp\n")
    sources = (ConfigSource("project", project.configs), ConfigSource("accelerator", shipped_configs()))

    found = {item.name: item for item in configs_of("model", sources)}

    assert list(found) == ["mlp", "resnet18", "resnet8"]
    assert (found["mlp"].path, found["mlp"].provider) == (own, "project")
    assert found["resnet8"].provider == "accelerator"


def test_a_description_is_the_first_comment_that_is_for_people(project: Project, write: Write) -> None:
    write(
        "experiment/a.yaml",
        "# @package _global_\n# yaml-language-server: $schema=../schema.json\n#\n# For people.\n# More.\nname: a\n",
    )
    write("experiment/b.yaml", "name: b # Behind the first key.\nseed: 1 # Not this.\n")
    write("experiment/c.yaml", "name: c\nseed: 1 # Nor this.\n")

    first, second, third = configs_of("experiment", [ConfigSource("project", project.configs)])

    assert (first.package, first.description) == ("_global_", "For people.")
    assert (second.package, second.description) == ("", "Behind the first key.")
    assert (third.description, third.content) == ("", {"name": "c", "seed": 1})


def test_comments_are_found_by_the_path_of_their_key(project: Project, write: Write) -> None:
    write("model/a.yaml", "a: 1 # One.\nb:\n  c: x # Two.\n  d: 'no # comment'\ne: {f: 1, g: 2} # Of both.\n")

    (config,) = configs_of("model", [ConfigSource("project", project.configs)])

    assert config.comments == {"a": "One.", "b.c": "Two.", "e": "Of both."}


def test_a_file_that_cannot_be_read_is_named(project: Project, write: Write) -> None:
    write("model/a.yaml", "a: 1\nb: [\n")
    write("model/b.yaml", "").write_bytes(b"\xff\xfe\x00")

    broken, no_text = configs_of("model", [ConfigSource("project", project.configs)])

    with pytest.raises(ConfigError, match=r"model/a.yaml:3: is not valid YAML: .*\. Repair the file\."):
        assert broken.description
    with pytest.raises(ConfigError, match=r"model/b.yaml: cannot be read: .*\. Repair the file\."):
        assert no_text.text


def test_a_group_that_is_nowhere_has_no_configs(project: Project) -> None:
    assert configs_of("model", [ConfigSource("project", project.configs)]) == ()


def test_what_is_generated_for_our_repository_is_made_of_our_folder_alone(project: Project) -> None:
    ours, other = ConfigSource("project", shipped_configs()), ConfigSource("plugin", project.configs)

    assert own_search_path(Project(shipped_configs().parent), (ours, other)) == (
        ConfigSource("accelerator", shipped_configs()),
    )
    assert own_search_path(project, (ours, other)) == (ours, other)


def test_a_file_of_a_plugin_that_cannot_be_read_names_the_plugin(project: Project, write: Write) -> None:
    write("model/a.yaml", "a: 1\nb: [\n")

    (broken,) = configs_of("model", [ConfigSource("odd-plugin", project.configs)])

    with pytest.raises(ConfigError, match=r"a.yaml:3: is not valid YAML: .* It came with odd-plugin: update or"):
        assert broken.description
