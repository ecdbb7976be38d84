"""The reading edge: missing is None, unreadable is an error, or a note in a TolerantFiles."""
import os

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import (
    HostFiles,
    TolerantFiles,
    sysctl_path,
)

CLASSES = [HostFiles, TolerantFiles]


@pytest.fixture(params=CLASSES)
def files(request, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/b").write_text("two\n")
    (tmp_path / "folder/a").write_bytes(b"\xff\n")
    return request.param(str(tmp_path))


def test_the_root_is_injected(files, tmp_path):
    assert files.path("/proc/net/netstat") == str(tmp_path / "proc/net/netstat")
    assert HostFiles().path("/proc/net/netstat") == "/proc/net/netstat"


def test_reads(files):
    assert files.read_text("/folder/b") == "two\n"
    assert files.read_text("/folder/a") == "\ufffd\n"
    assert files.list_dir("/folder") == ["a", "b"]
    assert files.exists("/folder/a")
    assert files.stat("/folder/a").st_size == 2


@pytest.mark.parametrize("path", ["/none", "/none/at/all", "/folder/b/below-a-file"])
def test_missing(files, path):
    assert files.read_text(path) is None
    assert files.list_dir(path) == []
    assert files.stat(path) is None
    assert not files.exists(path)
    assert getattr(files, "unreadable", []) == []


def test_unreadable_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(OSError) as caught:
        HostFiles(str(tmp_path)).read_text("/")
    assert str(tmp_path) in str(caught.value)


def test_a_tolerant_reader_keeps_what_it_could_not_read(tmp_path):
    os.symlink("loop", str(tmp_path / "loop"))
    (tmp_path / "folder").mkdir()
    files = TolerantFiles(str(tmp_path))
    assert files.read_text("/folder") is None
    assert files.list_dir("/loop") == []
    assert files.unreadable == ["/folder: Is a directory", "/loop: Too many levels of symbolic links"]


def test_sysctl_path():
    assert sysctl_path("net.ipv4.tcp_rmem") == "/proc/sys/net/ipv4/tcp_rmem"
