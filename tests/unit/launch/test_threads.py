"""How torch's threads wait."""

import pytest

from accelerator.launch.threads import SPINS, limit_spinning


def test_waiting_threads_spin_only_shortly() -> None:
    environment: dict[str, str] = {}

    limit_spinning(environment)

    assert environment == {"GOMP_SPINCOUNT": SPINS}


@pytest.mark.parametrize("chosen", [{"OMP_WAIT_POLICY": "active"}, {"GOMP_SPINCOUNT": "7"}])
def test_what_the_user_chose_stays(chosen: dict[str, str]) -> None:
    environment = dict(chosen)

    limit_spinning(environment)

    assert environment == chosen
