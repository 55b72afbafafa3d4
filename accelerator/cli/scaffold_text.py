"""What the verbs of `accelerator configure` that write into a project print."""

from collections.abc import Iterable
from typing import Any

from accelerator.cli.terminal import plain_table

_OUTDATED = "this version writes it differently"


def started_text(started: Any) -> str:
    """Say what `init` wrote, and what to do next."""
    parts = [f"Written into {started.root}:{_lines(started.written)}", *started.notes]
    return "\n\n".join([*parts, f"Next:{_lines(started.next_commands)}"])


def updated_text(updated: Any) -> str:
    """Say what `init --update` did to each file."""
    if not updated.changes:
        return f"All that was written into {updated.root} is up to date."
    rows = [(change.action, change.path, f"see {change.beside}" * bool(change.beside)) for change in updated.changes]
    parts = [plain_table(("done", "file", ""), rows)]
    if updated.backups:
        parts.append(f"Merged files as you had them are kept in {updated.backups}.")
    if has_conflicts(updated):
        parts.append(
            "In a conflict you and this version changed the same place. Your file was left as it is, ours lies beside "
            "it: take over what you want, and delete that."
        )
    return "\n\n".join(parts)


def has_conflicts(updated: Any) -> bool:
    """Tell whether an update left something to the user."""
    return any(change.beside for change in updated.changes)


def status_text(status: Any) -> str:
    """Say what each file is, and what shadows what."""
    rows = [(item.state, item.path, item.version, _OUTDATED * item.is_outdated) for item in status.files]
    parts = [plain_table(("state", "file", "version", ""), rows) if rows else "No configs, and nothing of ours."]
    if status.shadows:
        shadows = [
            (item.name, item.winner.provider, ", ".join(source.provider for source in item.hidden))
            for item in status.shadows
        ]
        parts.append(plain_table(("config", "of", "hides that of"), shadows))
    if status.damaged:
        parts.append(
            f"The record of these is damaged, and they count as yours:{_lines(status.damaged)}\n"
            f"accelerator configure init --update records those anew that are as we write them."
        )
    return "\n\n".join(parts)


def cleaned_text(cleaned: Any) -> str:
    """Say what `clean` removed or would remove, and what it leaves."""
    if not cleaned.removed:
        parts = [f"Nothing to remove: no file in {cleaned.root} is ours and unchanged."]
    elif cleaned.trash:
        parts = [f"Removed from {cleaned.root}, ours and unchanged:{_lines(cleaned.removed)}"]
    else:
        parts = [f"Would be removed from {cleaned.root}, ours and unchanged:{_lines(cleaned.removed)}"]
    if cleaned.kept:
        parts.append(f"Kept, because you changed them:{_lines(cleaned.kept)}")
    if cleaned.dangling:
        parts.append(f"pyproject.toml names what is removed. Delete these lines there:{_lines(cleaned.dangling)}")
    if cleaned.trash:
        parts.append("To bring it back: accelerator configure clean --undo")
    return "\n\n".join(parts)


def restored_text(restored: Any) -> str:
    """Say what `clean --undo` brought back."""
    return f"Brought back into {restored.root}:{_lines(restored.paths)}"


def _lines(items: Iterable[str]) -> str:
    return "".join(f"\n  {item}" for item in items)
