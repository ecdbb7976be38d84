"""What a boot would set: order, masking, syntax."""
import os

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_boot import (
    BootSetting,
    boot_settings,
    read_boot_files,
    settings_by_file,
    with_file,
)

RMEM = "net.ipv4.tcp_rmem"
WMEM = "net.ipv4.tcp_wmem"
LOWAT = "net.ipv4.tcp_notsent_lowat"
DROP_IN = "/etc/sysctl.d/90-ours.conf"


def write_tree(root, tree):
    for path, text in tree.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def decided(text, key=LOWAT):
    setting = boot_settings([("/etc/sysctl.d/a.conf", text)], [key]).get(key)
    return setting and setting.value


@pytest.mark.parametrize(
    "text, value",
    [
        ("net.ipv4.tcp_notsent_lowat=1\n", "1"),
        ("net.ipv4.tcp_notsent_lowat = 1", "1"),
        ("\t net.ipv4.tcp_notsent_lowat\t=\t1 \t\n", "1"),
        ("net/ipv4/tcp_notsent_lowat = 1\n", "1"),
        ("-net.ipv4.tcp_notsent_lowat = 1\n", "1"),
        ("-net/ipv4/tcp_notsent_lowat=1\n", "1"),
        ("net.ipv4.tcp_notsent_lowat = 1\nnet.ipv4.tcp_notsent_lowat = 2\n", "2"),
        ("net.ipv4.tcp_notsent_lowat = 1\r\n# end\r\n", "1"),
        ("net.ipv4.tcp_notsent_lowat = a=b\n", "a=b"),
        ("net.ipv4.tcp_notsent_lowat = 1\nnet.ipv4.tcp_notsent_lowat =\n", "1"),
        ("net.ipv4.tcp_*lowat = 1\n", "1"),
        ("net.*.tcp_notsent_lowat = 1\n", "1"),
        ("net.ipv4.tcp_notsent_lowa? = 1\n", "1"),
        ("net.ipv4.tcp_notsent_[kl]owat = 1\n", "1"),
        ("net.ipv4.tcp_*lowat = 1\nnet.ipv4.*_lowat = 2\n", "2"),
        ("net.ipv4.tcp_notsent_lowat = 1\nnet.ipv4.tcp_*lowat = 2\n", "1"),
        ("-net.ipv4.tcp_notsent_lowat\nnet.ipv4.tcp_notsent_lowat = 1\n", "1"),
        ("net.ipv4.tcp_notsent_lowat\nnet.ipv4.tcp_*lowat = 1\n", "1"),
    ],
)
def test_one_file_gives(text, value):
    assert decided(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n  \n",
        "# net.ipv4.tcp_notsent_lowat = 1\n",
        "  ; net.ipv4.tcp_notsent_lowat = 1\n",
        "net.ipv4.tcp_notsent_lowat\n",
        "net.ipv4.tcp_notsent_lowat =\n",
        "net.ipv4.tcp_notsent_lowat = \r\n",
        "= 1\n",
        "-\n",
        "-= 1\n",
        "=",
        "net.* = 1\n",
        "net.*lowat = 1\n",
        "net.ipv4.tcp_*lowat = 1\nnet.ipv4.tcp_notsent_lowat =\n",
        "net.ipv4/tcp_notsent_lowat = 1\n",
        "net/ipv4.tcp_notsent_lowat = 1\n",
        "net.ipv4.tcp_*lowat = 1\n-net.ipv4.tcp_notsent_lowat\n",
        "-net.ipv4.tcp_notsent_lowat\nnet.ipv4.tcp_*lowat = 1\n",
        "\0\ufffd[net.ipv4 = 1",
    ],
)
def test_one_file_leaves_alone(text):
    assert decided(text) is None


def test_a_dot_after_a_slash_belongs_to_the_name():
    assert decided("net.ipv4.conf.eth0/1.forwarding = 1", "net.ipv4.conf.eth0") is None


def test_values_are_canonical():
    assert decided("net.ipv4.tcp_rmem = 4096\t131072   6291456 ", RMEM) == "4096 131072 6291456"


def test_folders_and_names_decide_the_order(tmp_path):
    write_tree(
        tmp_path,
        {
            "/lib/sysctl.d/05-a.conf": "",
            "/usr/lib/sysctl.d/10-b.conf": "",
            "/usr/local/lib/sysctl.d/30-d.conf": "",
            "/run/sysctl.d/20-c.conf": "",
            "/etc/sysctl.d/15-e.conf": "",
            "/etc/sysctl.d/README": "",
            "/etc/sysctl.d/40-off.conf.bak": "",
            "/etc/sysctl.conf": "",
            "/proc/cmdline": "",
        },
    )
    assert [path for path, _text in read_boot_files(HostFiles(str(tmp_path)))] == [
        "/proc/cmdline",
        "/lib/sysctl.d/05-a.conf",
        "/usr/lib/sysctl.d/10-b.conf",
        "/etc/sysctl.d/15-e.conf",
        "/run/sysctl.d/20-c.conf",
        "/usr/local/lib/sysctl.d/30-d.conf",
        "/etc/sysctl.conf",
    ]


FOLDERS = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"]


@pytest.mark.parametrize("first", range(len(FOLDERS)))
def test_a_name_hides_the_same_name_in_later_folders(tmp_path, first):
    write_tree(tmp_path, {f"{folder}/50-a.conf": folder for folder in FOLDERS[first:]})
    assert read_boot_files(HostFiles(str(tmp_path))) == [(f"{FOLDERS[first]}/50-a.conf", FOLDERS[first])]


def test_a_link_to_null_masks(tmp_path):
    write_tree(tmp_path, {"/usr/lib/sysctl.d/50-a.conf": f"{LOWAT} = 1\n", "/etc/sysctl.d/README": ""})
    os.symlink("/dev/null", str(tmp_path / "etc/sysctl.d/50-a.conf"))
    ordered = read_boot_files(HostFiles(str(tmp_path)))
    assert ordered == [("/etc/sysctl.d/50-a.conf", "")]
    assert boot_settings(ordered, [LOWAT]) == {}


def test_a_dangling_link_masks_too(tmp_path):
    write_tree(tmp_path, {"/usr/lib/sysctl.d/50-a.conf": f"{LOWAT} = 1\n", "/etc/sysctl.d/README": ""})
    os.symlink("../nowhere", str(tmp_path / "etc/sysctl.d/50-a.conf"))
    assert boot_settings(read_boot_files(HostFiles(str(tmp_path))), [LOWAT]) == {}


def test_sysctl_conf_comes_last_and_gives_its_own_name(tmp_path):
    write_tree(tmp_path, {"/etc/sysctl.conf": f"{LOWAT} = 1\n", "/etc/sysctl.d/99-z.conf": f"{LOWAT} = 2\n"})
    os.symlink("../sysctl.conf", str(tmp_path / "etc/sysctl.d/99-sysctl.conf"))
    ordered = read_boot_files(HostFiles(str(tmp_path)))
    assert boot_settings(ordered, [LOWAT]) == {LOWAT: BootSetting("1", "/etc/sysctl.conf")}


def test_what_cannot_be_read_is_none(tmp_path):
    # A folder in place of a file, and a file in place of a folder: root cannot read these either.
    write_tree(tmp_path, {"/etc/sysctl.d/50-a.conf/x": "", "/etc/sysctl.d/60-b.conf": f"{LOWAT} = 1\n", "/run/sysctl.d": ""})
    ordered = read_boot_files(HostFiles(str(tmp_path)))
    assert ordered == [("/etc/sysctl.d/50-a.conf", None), ("/etc/sysctl.d/60-b.conf", f"{LOWAT} = 1\n")]
    assert boot_settings(ordered, [LOWAT]) == {LOWAT: BootSetting("1", "/etc/sysctl.d/60-b.conf")}


class ClosedFolder(HostFiles):
    def list_dir(self, path):
        raise PermissionError(13, "Permission denied", path)


def test_a_closed_folder_is_none(tmp_path):
    ordered = read_boot_files(ClosedFolder(str(tmp_path)))
    assert ordered == [(folder, None) for folder in FOLDERS]
    assert boot_settings(ordered, [LOWAT]) == {}


@pytest.mark.parametrize(
    "command_line, value",
    [
        ("quiet sysctl.net.ipv4.tcp_rmem=4096,1,2 splash", "4096,1,2"),
        ('sysctl.net.ipv4.tcp_rmem="4096 1 2"\n', "4096 1 2"),
        ('"sysctl.net.ipv4.tcp_rmem=4096 1 2"\n', "4096 1 2"),
        ("sysctl/net/ipv4/tcp_rmem=7\n", "7"),
        ("sysctl.net/ipv4/tcp_rmem=7 sysctl.net.ipv4.tcp_rmem=8", "8"),
        ("mysysctl.net.ipv4.tcp_rmem=7", None),
        ("sysctl.net.ipv4.tcp_rmem= sysctl.net.ipv4.tcp_rmem sysctl", None),
        ('sysctl.net.ipv4.tcp_wmem="1 2 3', None),
        ("", None),
    ],
)
def test_the_kernel_command_line(command_line, value):
    setting = boot_settings([("/proc/cmdline", command_line)], [RMEM]).get(RMEM)
    assert (setting and setting.value) == value


@pytest.mark.parametrize(
    "text, value",
    [
        ("net.ipv4.tcp_notsent_lowat = 2", "2"),
        ("net.ipv4.tcp_*lowat = 2", "2"),
        ("-net.ipv4.tcp_notsent_lowat", "1"),
        ("-net.ipv4.tcp_notsent_lowat\nnet.ipv4.tcp_*lowat = 2", "1"),
    ],
)
def test_files_outrank_the_kernel_command_line(text, value):
    ordered = [("/proc/cmdline", f"sysctl.{LOWAT}=1"), ("/etc/sysctl.d/a.conf", text)]
    assert boot_settings(ordered, [LOWAT])[LOWAT].value == value


LATER = ("/etc/sysctl.d/99-later.conf", f"{LOWAT} = 9\n")
EARLIER = ("/usr/lib/sysctl.d/10-earlier.conf", f"{LOWAT} = 1\n")
CONF = ("/etc/sysctl.conf", f"{LOWAT} = 5\n")
OURS = f"{LOWAT} = 2\n"


@pytest.mark.parametrize(
    "ordered, winner",
    [
        ([], DROP_IN),
        ([EARLIER], DROP_IN),
        ([EARLIER, LATER], LATER[0]),
        ([EARLIER, LATER, CONF], CONF[0]),
        ([CONF], CONF[0]),
        ([("/proc/cmdline", f"sysctl.{LOWAT}=1"), ("/run/sysctl.d", None)], DROP_IN),
        ([(DROP_IN, f"{LOWAT} = 8\n")], DROP_IN),
        ([("/usr/lib/sysctl.d/90-ours.conf", f"{LOWAT} = 8\n")], DROP_IN),
        ([("/etc/sysctl.d/99-glob.conf", "net.ipv4.tcp_*lowat = 8\n")], DROP_IN),
    ],
)
def test_with_file_tells_who_would_win(ordered, winner):
    new = with_file(ordered, DROP_IN, OURS)
    assert [path for path, _text in new].count(DROP_IN) == 1
    assert boot_settings(new, [LOWAT])[LOWAT].file == winner


def test_with_file_keeps_the_order():
    ordered = [("/proc/cmdline", ""), EARLIER, LATER, CONF]
    assert [path for path, _text in with_file(ordered, DROP_IN, OURS)] == ["/proc/cmdline", EARLIER[0], DROP_IN, LATER[0], CONF[0]]


def test_with_file_of_no_text_decides_nothing():
    assert boot_settings(with_file([(DROP_IN, OURS)], DROP_IN, ""), [LOWAT]) == {}


def test_keys_that_nobody_sets_are_left_out():
    assert set(boot_settings([LATER], [LOWAT, RMEM, WMEM])) == {LOWAT}


def test_every_file_that_sets_a_key_is_told_in_the_order_of_a_boot():
    ordered = with_file([EARLIER, ("/etc/sysctl.d/50-none.conf", "# nothing\n"), ("/run/sysctl.d", None), LATER, CONF], DROP_IN, OURS)
    found = settings_by_file(ordered, [LOWAT, RMEM])
    assert [setting.file for setting in found[LOWAT]] == [EARLIER[0], DROP_IN, LATER[0], CONF[0]]
    assert found[LOWAT][-1] == boot_settings(ordered, [LOWAT])[LOWAT] and found[RMEM] == []


def test_a_file_name_that_is_no_text_is_told_as_one():
    path = "/run/sysctl.d/run\udcff.conf"
    assert boot_settings([(path, f"{LOWAT} = 8\n")], [LOWAT]) == {LOWAT: BootSetting("8", "/run/sysctl.d/run\ufffd.conf")}
