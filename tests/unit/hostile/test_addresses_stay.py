"""Addresses of connections join the two ends of a flow on the controller. They are in no report, no fact cache, and no log below -vvv."""
import socket
from contextlib import ExitStack

import pytest
from hostile_fleet import ANSIBLE_PLAYBOOK, Fleet

ADDRESS = "127.77.66.55"

pytestmark = pytest.mark.skipif(ANSIBLE_PLAYBOOK is None, reason="needs ansible-playbook")


@pytest.fixture
def busy(tmp_path):
    """A connection of that address that nobody reads from, so that it is among the worst."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server((ADDRESS, 0)))
        client = stack.enter_context(socket.create_connection(server.getsockname()))
        stack.enter_context(server.accept()[0])
        client.sendall(b"x" * 100000)
        fleet = Fleet(tmp_path)
        fleet.names = ["plain"]
        yield fleet


def where_it_is(fleet, *options):
    done = fleet.play(
        "measure", *options, ANSIBLE_CACHE_PLUGIN="jsonfile", ANSIBLE_CACHE_PLUGIN_CONNECTION=str(fleet.folder / "cache"),
        ANSIBLE_LOG_PATH=str(fleet.folder / "log"),
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert (fleet.folder / "cache").is_dir() and (fleet.folder / "log").is_file()
    places = {"printed": done.stdout, **{name: text_of(fleet.folder / name) for name in ("reports", "cache", "log")}}
    return {name for name, text in places.items() if ADDRESS in text}


def text_of(path):
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


@pytest.mark.parametrize("options, places", [
    (("-vv", "-e", "socket_buffers_top=100"), set()),
    (("-vvv", "-e", "socket_buffers_top=100"), {"printed", "log"}),
    (("-vvv", "-e", "socket_buffers_top=0"), set()),
], ids=["-vv", "-vvv", "-vvv and not asked for"])
def test_addresses_are_where_somebody_asked_for_them(busy, options, places):
    assert where_it_is(busy, *options) == places
