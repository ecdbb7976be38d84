"""Text of /proc/net that no kernel prints: an error that names it, or the numbers that stand there, and never another number."""
import mangling
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters import ethtool
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.counter_table import SOURCES
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.nic import nic_counters, read_nics
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import (
    MalformedText,
    parse_mib_pairs,
    parse_name_values,
    parse_protocols,
    parse_sockstat,
    parse_softnet,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import take_snapshot
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from hypothesis import given
from hypothesis import strategies as st

PARSERS = {
    "proc/net/netstat": parse_mib_pairs,
    "proc/net/snmp": parse_mib_pairs,
    "proc/net/snmp6": parse_name_values,
    "proc/net/softnet_stat": parse_softnet,
    "proc/net/sockstat": parse_sockstat,
    "proc/net/protocols": parse_protocols,
}
WELL_FORMED = {
    "proc/net/netstat": "TcpExt: A B C\nTcpExt: 1 2 3\n",
    "proc/net/snmp": "Tcp: A\nTcp: 1\n",
    "proc/net/snmp6": "Udp6InErrors 1\n",
    "proc/net/softnet_stat": "0000000f " * 15 + "\n",
    "proc/net/sockstat": "TCP: inuse 1\n",
    "proc/net/protocols": "TCP 1 2 3 yes\n",
}
each_parser = pytest.mark.parametrize("path", PARSERS, ids=lambda path: path.rpartition("/")[2])


def leaves(parsed):
    """Every number with where it stands; a row of softnet_stat by its number."""
    if isinstance(parsed, list):
        parsed = dict(enumerate(parsed))
    if not isinstance(parsed, dict):
        return {(): parsed}
    return {(name, *rest): value for name, inner in parsed.items() for rest, value in leaves(inner).items()}


def parsed_or_refused(parse, text):
    try:
        return leaves(parse(text))
    except MalformedText as error:
        assert str(error).startswith("line ") and len(str(error)) < 500
        return None


@each_parser
@given(data=st.data())
def test_any_text_gives_numbers_or_names_the_line(path, data):
    found = parsed_or_refused(PARSERS[path], data.draw(mangling.texts | mangling.decoded))
    assert all(value is None or isinstance(value, int) and -2 ** 63 <= value < 2 ** 64 for value in (found or {}).values())


@each_parser
@given(data=st.data())
def test_a_damaged_capture_gives_no_number_that_it_does_not_hold(path, data):
    """Each accident may lose numbers, or put another number there; what it may not do is make one up."""
    text = data.draw(mangling.mangled(mangling.fixture(path, data.draw(st.sampled_from(mangling.KERNELS)))))
    found = parsed_or_refused(PARSERS[path], text)
    base = 16 if path.endswith("softnet_stat") else 10
    there = {int(word, base) for word in text.split() if word.lstrip("-").isalnum() and word.isascii() and is_number(word, base)}
    flags = {0, 1} if path.endswith("protocols") else set()
    assert set((found or {}).values()) <= there | flags | {None}


def is_number(word, base):
    try:
        int(word, base)
    except ValueError:
        return False
    return not word.startswith("0x")


@each_parser
@pytest.mark.parametrize("kernel", mangling.KERNELS)
def test_a_capture_cut_anywhere_keeps_or_loses_a_number_but_never_shortens_it(path, kernel):
    text = mangling.fixture(path, kernel)
    whole = leaves(PARSERS[path](text))
    for end in range(len(text)):
        found = parsed_or_refused(PARSERS[path], text[:end]) or {}
        assert found.items() <= whole.items(), end


@each_parser
@given(data=st.data())
def test_a_line_that_comes_twice_changes_nothing(path, data):
    """A whole line again, or a pair of them: the same numbers, or an error."""
    text = mangling.fixture(path)
    lines = text.split("\n")[:-1]
    first = data.draw(st.integers(0, len(lines) // 2 - 1)) * 2
    again = parsed_or_refused(PARSERS[path], text + "\n".join(lines[first:first + 2]) + "\n")
    if path.endswith("softnet_stat"):
        assert len(again) == 2 * len(leaves(PARSERS[path](text)))  # each line is a CPU: another number of them, of which no delta is made
    else:
        assert again is None or again == leaves(PARSERS[path](text))


@each_parser
def test_enormous_text_takes_no_time(path):
    for text in mangling.enormous("9", "0000000f ", WELL_FORMED[path], "\n", "\0:"):
        with mangling.soon():
            parsed_or_refused(PARSERS[path], text)


class OneFile(HostFiles):
    """A host with the files of a fixture, but for one."""

    def __init__(self, path, text, root):
        super().__init__(root)
        self._path, self._text = path, text

    def read_text(self, path, none_for=()):
        return self._text if path == self._path else super().read_text(path, none_for)


@given(data=st.data())
def test_a_snapshot_names_the_file_it_cannot_read(data):
    source = data.draw(st.sampled_from(SOURCES))
    kernel = str(mangling.FIXTURES / "linux-6.18")
    text = data.draw(mangling.mangled(HostFiles(kernel).read_text(source.path)) | mangling.texts)
    try:
        snapshot = take_snapshot(OneFile(source.path, text, kernel))
    except MalformedText as error:
        assert str(error).startswith(source.path + ": line ")
    else:
        assert all(value is None or isinstance(value, int) for value in (*snapshot.counters.values(), *snapshot.gauges.values()))


@given(number=mangling.texts | mangling.decoded | st.sampled_from(mangling.ODD_CELLS))
def test_a_number_of_an_interface_is_one_or_its_file_is_named(number):
    class Interface(HostFiles):
        def list_dir(self, path):
            return ["lo", "eth0"]

        def exists(self, path):
            return True

        def read_text(self, path, none_for=()):
            return number

    for read in (nic_counters, read_nics):
        try:
            read(Interface("/nowhere"))
        except MalformedText as error:
            assert str(error).startswith("/sys/class/net/eth0/")
        else:
            digits = number.strip().lstrip("-")
            assert int(number) < 2 ** 64 and digits.isdecimal() and digits.isascii()


@given(data=st.data())
def test_a_driver_may_answer_what_it_likes(data):
    """An ioctl answers in place: as many bytes as were asked with, whatever is in them."""
    def ask(_interface, request):
        answer = data.draw(st.none() | st.binary(min_size=len(request), max_size=len(request)))
        if answer is not None and data.draw(st.booleans()):
            answer = request[:12] + answer[12:]  # the counts that were asked for, so that it is read on
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ethtool, "_ask", ask)
        patch.setattr(ethtool, "_count", lambda _interface: data.draw(st.integers(0, 20)))
        statistics, ring = ethtool.read_driver_statistics("eth0"), ethtool.read_ring("eth0")
    assert all(isinstance(name, str) and 0 <= value < 2 ** 64 for name, value in statistics.items())
    assert ring is None or all(0 <= value < 2 ** 32 for value in ring.values())
