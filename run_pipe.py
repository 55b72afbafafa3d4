"""Run a pipeline of the project that this file lies in, from any working folder.

python run_pipe.py pipeline=NAME [OVERRIDE…] [--plan] [--from STEP] [--only STEP] [--until STEP] [--force STEP]
"""

import sys
from pathlib import Path

from accelerator.cli.dispatch import run_command
from accelerator.cli.main import GROUPS
from accelerator.heap import leave

if __name__ == "__main__":
    project = (
        [] if any(word.startswith("--project") for word in sys.argv) else ["--project", str(Path(__file__).parent)]
    )
    leave(run_command(GROUPS, [*project, "pipeline", "run", *sys.argv[1:]]))
