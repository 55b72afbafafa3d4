"""What `prune` prints: what goes, what stays and why, and what that frees."""

from json import dumps
from typing import Any

from accelerator.cli.terminal import in_one_line, print_error, print_line, print_table
from accelerator.report.figures import as_bytes


def print_pruned(found: Any, is_json: bool) -> int:
    """Print a `Pruned`; return the exit code: 1 when something that was to go could not."""
    if is_json:
        print_line(dumps(found.to_json(), indent=2, ensure_ascii=False))
        return 1 if found.refused else 0
    plan = found.plan
    rows = [(item.run_id, _what(item), as_bytes(item.size_bytes)) for item in plan.removals]
    rows += [(path.name, "left by a prune that was killed", "") for path in plan.leftovers]
    if rows:
        print_table(("run", "goes", "frees"), rows)
    for run_id, reason in plan.kept:
        print_line(in_one_line(f"Kept {run_id}: {reason}."))
    for run_id, reason in found.refused:
        print_error(in_one_line(f"Not touched, {run_id}: {reason}."))
    if not rows:
        print_line("There is nothing to remove.")
    elif found.is_done:
        print_line(f"Removed. {as_bytes(plan.size_bytes) if not found.refused else 'Part of it'} freed.")
    else:
        print_line(f"Nothing was removed. With --yes it frees {as_bytes(plan.size_bytes)}.")
    return 1 if found.refused else 0


def _what(removal: Any) -> str:
    if removal.is_whole:
        return "the whole run"
    names = [path.name for path in removal.checkpoints]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"
