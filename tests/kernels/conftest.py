"""Each kernel boots once, is used by all its tests, and goes away. One at a time: an emulated machine takes a whole CPU."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import machine  # noqa: E402

WANTED = [name for name in os.environ.get("KERNELS", " ".join(machine.KERNELS)).split() if name]
unknown = sorted(set(WANTED) - set(machine.KERNELS))
if unknown:
    raise pytest.UsageError(f"KERNELS={' '.join(unknown)}: known are {' '.join(machine.KERNELS)}")


@pytest.fixture(scope="session", params=WANTED)
def kernel(request):
    found = machine.Machine(machine.KERNELS[request.param])
    try:
        found.up()
        assert found.ssh("uname -r").startswith(request.param)
        yield found
    finally:
        found.down()
