"""Which distribution has a launcher or sweeper of Hydra's, and our extra that installs it."""

_PACKAGES = {
    "joblib": ("hydra-joblib-launcher", "sweep"),
    "optuna": ("hydra-optuna-sweeper", "sweep"),
    "submitit": ("hydra-submitit-launcher", "slurm"),
}
"""By the start of its name."""


def how_to_install(*names: str) -> str:
    """Return in a sentence what installs the first launcher or sweeper of these names that is known, else any."""
    found = [_PACKAGES[start] for name in names for start in _PACKAGES if name.startswith(start)]
    package, extra = found[0] if found else ("launchers and sweepers", "sweep")
    come = "comes" if found else "come"
    return (
        f"If it is not installed: {package} {come} with pip install 'accelerator-framework[{extra}]'; docs/cli.md "
        f"says which versions go together."
    )
