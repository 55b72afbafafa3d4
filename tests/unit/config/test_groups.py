"""A group's configs are listed with who provides them and what their comments say."""

from collections.abc import Callable
from pathlib import Path

from accelerator.config.groups import configs_of, own_search_path
from accelerator.config.project import ConfigSource, Project, shipped_configs

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
    write("experiment/b.yaml", "name: b # not at the head\n")

    first, second = configs_of("experiment", [ConfigSource("project", project.configs)])

    assert (first.package, first.description) == ("_global_", "For people.")
    assert (second.package, second.description, second.content) == ("", "", {"name": "b"})


def test_a_group_that_is_nowhere_has_no_configs(project: Project) -> None:
    assert configs_of("model", [ConfigSource("project", project.configs)]) == ()


def test_what_is_generated_for_our_repository_is_made_of_our_folder_alone(project: Project) -> None:
    ours, other = ConfigSource("project", shipped_configs()), ConfigSource("plugin", project.configs)

    assert own_search_path(Project(shipped_configs().parent), (ours, other)) == (ours,)
    assert own_search_path(project, (ours, other)) == (ours, other)
