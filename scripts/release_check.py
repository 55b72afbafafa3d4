"""Build the wheel, install it into an empty environment, do the main job from an empty folder, write the record.

usage: python scripts/release_check.py    (in .venv; `make release-check`)

Nothing of this checkout or of its .venv is visible to what is checked: the environment and the folders are new, and
of the caller's variables only those pass that say where packages come from. Exits 1 when a stage fails or the result
is not what the main job promises; docs/release_check.md is written only after a check that held.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs" / "release_check.md"
MAIN_JOB = ("experiment", "train", "experiment=digits_resnet")
LEAST_ACCURACY = 0.985
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR")
_PASSED_ON_PREFIXES = ("PIP_", "SSL_", "HTTP", "NO_PROXY", "http", "no_proxy")


@dataclass
class Check:
    """What is checked, and what came of each stage so far."""

    folder: Path
    stages: list[tuple[str, float]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of every process that is started: nothing that could lead to our checkout."""
        passed = {
            name: value
            for name, value in os.environ.items()
            if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
        }
        return {**passed, "HOME": str(self.folder)}

    def run(self, stage: str, *command: str | Path, cwd: Path) -> str:
        """Run one command to its end, note its time, and return what it wrote to stdout.

        Raises:
            SystemExit: the command failed.
        """
        print(f"{stage} …", flush=True)
        start = time.monotonic()
        done = subprocess.run(command, cwd=cwd, env=self.environment, stdout=subprocess.PIPE, text=True, check=False)
        self.stages.append((stage, time.monotonic() - start))
        if done.returncode != 0:
            raise SystemExit(f"{done.stdout}\n{stage} failed with exit code {done.returncode}: {command}")
        return done.stdout


def main() -> None:
    """Do the check and write its record."""
    with tempfile.TemporaryDirectory(prefix="accelerator-release-") as name:
        check = Check(Path(name))
        wheel = build_wheel(check)
        python = install(check, wheel)
        output = do_main_job(check, python)
        summary = read_summary(check, output)
        packages = check.run("list the packages", python, "-m", "pip", "list", "--format=freeze", cwd=check.folder)
        RECORD.write_text(record(check, wheel, output, summary, packages), encoding="utf-8")
    print(f"held: test accuracy {summary['metrics']['test/accuracy']:.4f}; written to {RECORD.relative_to(ROOT)}")


def build_wheel(check: Check) -> Path:
    """Build source distribution and wheel in environments of their own, and return the wheel."""
    dist = check.folder / "dist"
    check.run("build", sys.executable, "-m", "build", "--outdir", dist, ROOT, cwd=check.folder)
    (wheel,) = dist.glob("*.whl")
    return wheel


def install(check: Check, wheel: Path) -> Path:
    """Install the wheel under our constraints into an environment that holds nothing else; return its Python."""
    environment = check.folder / "environment"
    python = environment / "bin" / "python"
    check.run("create the environment", sys.executable, "-m", "venv", environment, cwd=check.folder)
    constraints = ("--constraint", ROOT / "constraints.txt")
    check.run("install", python, "-m", "pip", "install", "--quiet", *constraints, wheel, cwd=check.folder)
    return python


def do_main_job(check: Check, python: Path) -> str:
    """Do the main job from an empty folder and return what it printed."""
    empty = check.folder / "empty"
    empty.mkdir()
    return check.run("main job", python.with_name("accelerator"), *MAIN_JOB, cwd=empty)


def read_summary(check: Check, output: str) -> dict[str, Any]:
    """Return the run's summary.

    Raises:
        SystemExit: the run did not complete, is not accurate enough, or is not in MLflow.
    """
    path = check.folder / "empty" / output.splitlines()[-1] / "summary.json"
    summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    accuracy = summary["metrics"].get("test/accuracy", 0.0)
    if summary["status"] != "completed" or accuracy < LEAST_ACCURACY or summary["mlflow"] is None:
        raise SystemExit(f"The main job did not keep its promise (test accuracy {LEAST_ACCURACY}): {summary}")
    return summary


def record(check: Check, wheel: Path, output: str, summary: dict[str, Any], packages: str) -> str:
    """Return the record as a Markdown page."""
    commit = _git("rev-parse", "HEAD") + (" with uncommitted changes" if _git("status", "--porcelain") else "")
    stages = "\n".join(f"| {stage} | {seconds:.1f} |" for stage, seconds in check.stages)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    printed = output.replace(str(check.folder), "…").strip()
    return f"""# Release check

Written by `make release-check`: the wheel built from this commit, installed with pip into an empty environment,
does the main job from an empty folder.

- When: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC
- Commit: {commit}
- Machine: {platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}
- Wheel: `{wheel.name}`, {wheel.stat().st_size:,} bytes, SHA-256 `{digest}`
- Packages in the environment: {len(packages.splitlines())}
- Result: {summary["status"]} in {summary["seconds"]:.1f} s
- Test accuracy: {summary["metrics"]["test/accuracy"]:.4f} (at least {LEAST_ACCURACY} is promised)

| stage | seconds |
| --- | --- |
{stages}

What `accelerator {" ".join(MAIN_JOB)}` printed:

```text
{printed}
```
"""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
