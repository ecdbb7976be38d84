import os

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter


@pytest.fixture
def writer(tmp_path):
    return HostWriter(str(tmp_path))


def names(tmp_path):
    return sorted(os.listdir(str(tmp_path)))


@pytest.mark.parametrize("text", ["", "new\n", "bytes \udcff that are no utf-8"])
def test_replace_gives_text_and_mode(tmp_path, writer, text):
    (tmp_path / "a.conf").write_text("old")
    writer.replace_file("/a.conf", text, 0o640)
    assert (tmp_path / "a.conf").read_bytes() == text.encode("utf-8", "surrogateescape")
    assert os.stat(str(tmp_path / "a.conf")).st_mode & 0o7777 == 0o640
    assert names(tmp_path) == ["a.conf"]


def test_replace_uses_up_what_a_killed_run_left(tmp_path, writer):
    (tmp_path / ".a.conf.tmp").write_text("much longer than the new text")
    writer.replace_file("/a.conf", "new", 0o600)
    assert (tmp_path / "a.conf").read_text() == "new" and names(tmp_path) == ["a.conf"]


def test_a_failed_replace_leaves_the_old_file_and_names_it(tmp_path, writer):
    (tmp_path / "a.conf").mkdir()
    with pytest.raises(OSError) as caught:
        writer.replace_file("/a.conf", "new", 0o600)
    assert caught.value.filename == str(tmp_path / "a.conf") and names(tmp_path) == ["a.conf"]


def test_a_full_disk_leaves_the_old_file(private_host):
    def fill_and_replace(path):
        try:
            HostWriter().replace_file(path, "x" * 10000, 0o600)
        except OSError as error:
            return [error.filename, error.strerror]

    private_host.shell("mount -t tmpfs -o size=8k none /etc/sysctl.d")
    private_host.write("/etc/sysctl.d/a.conf", "old")
    failure = private_host.call(fill_and_replace, "/etc/sysctl.d/a.conf")
    assert failure[0] == "/etc/sysctl.d/a.conf" and failure[1]
    assert private_host.read("/etc/sysctl.d/a.conf") == "old"
    assert private_host.shell("ls -A /etc/sysctl.d").split() == ["a.conf"]


def test_remove_takes_the_leftover_too_and_may_be_repeated(tmp_path, writer):
    for name in ("a.conf", ".a.conf.tmp", "b.conf"):
        (tmp_path / name).write_text("")
    writer.remove_file("/a.conf")
    writer.remove_file("/a.conf")
    assert names(tmp_path) == ["b.conf"]


def test_discard_leftover_keeps_the_file(tmp_path, writer):
    for name in ("a.conf", ".a.conf.tmp"):
        (tmp_path / name).write_text("")
    writer.discard_leftover("/a.conf")
    assert names(tmp_path) == ["a.conf"]


def test_a_sysctl_is_never_created(tmp_path, writer):
    os.makedirs(str(tmp_path / "proc/sys/net/ipv4"))
    with pytest.raises(FileNotFoundError) as caught:
        writer.write_sysctl("net.ipv4.tcp_rmem", "1 2 3")
    assert caught.value.filename == str(tmp_path / "proc/sys/net/ipv4/tcp_rmem")
