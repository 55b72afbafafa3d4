"""What is wrong with this machine, this installation or this project, before a run finds out."""

from concurrent.futures import ThreadPoolExecutor

from accelerator.components import Registry
from accelerator.config.project import Project, find_project
from accelerator.errors import AcceleratorError
from accelerator.experiment.examine_components import Examined, examine_components
from accelerator.experiment.examine_machine import ASK_TORCH, examine_disk, examine_machine, examine_versions
from accelerator.experiment.examine_store import examine_store
from accelerator.experiment.finding import OK, PROBLEM, WARNING, Finding
from accelerator.experiment.named_run import output_root


def doctor(project: Project | None = None) -> list[Finding]:
    """Look at versions, devices, disk, project, store and plugins; nothing is written.

    What may fail or take long (ours with torch, each plugin) is imported in processes of their own, torch once.
    """
    project = project or find_project()
    with ThreadPoolExecutor(max_workers=1) as threads:  # it waits for processes
        waiting = threads.submit(_components, project)
        own = _configs_and_store(project)
    components = waiting.result()
    machine = examine_machine(components.answer)
    return [*examine_versions(), *machine, _project(project), *own, *components.findings]


def _configs_and_store(project: Project) -> list[Finding]:
    findings = []
    try:
        output = output_root(project)
        findings.append(Finding("configs", OK, "main.yaml composes"))
    except AcceleratorError as error:
        output = project.root / "outputs"
        findings.append(Finding("configs", PROBLEM, str(error), "Repair it: `accelerator configure check` tells more"))
    return [*findings, examine_disk(output), *examine_store(project)]


def _components(project: Project) -> Examined:
    try:
        return examine_components(Registry.discover(project.root), project, ASK_TORCH)
    except AcceleratorError as error:
        return Examined([Finding("plugins", PROBLEM, str(error), "Repair the file that it names")], "")


def _project(project: Project) -> Finding:
    found = [name for name in ("pyproject.toml", "configs", "src") if (project.root / name).exists()]
    if found:
        return Finding("project", OK, f"{project.root} ({', '.join(found)})")
    remedy = "Start a project: `accelerator configure init`, or name another folder with --project DIR"
    return Finding("project", WARNING, f"{project.root} has neither pyproject.toml nor configs/", remedy)
