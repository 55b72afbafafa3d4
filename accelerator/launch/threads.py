"""How torch's CPU threads wait for each other.

GNU OpenMP, which torch's wheels bring, lets a thread that waits spin for milliseconds. On cores that something else
uses too (a second run, the forwarder, a CI machine) the spinning takes the very time that is waited for: training the
digits with two threads on two busy cores went at 800 to 2,700 samples a second, and at 6,400 with one thread. A short
spin costs nothing measurable on a quiet machine (7,400) and ends that.
"""

from collections.abc import MutableMapping

SPINS = "1000"
_OWN_CHOICES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def limit_spinning(environment: MutableMapping[str, str]) -> None:
    """Let waiting threads sleep after a short spin, unless the user has chosen; before torch is imported."""
    if not any(name in environment for name in _OWN_CHOICES):
        environment["GOMP_SPINCOUNT"] = SPINS
