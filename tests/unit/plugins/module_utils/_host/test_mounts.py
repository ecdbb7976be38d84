"""Which mount covers a path, from real text of /proc/self/mountinfo."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.mounts import is_read_only

RMEM = "/proc/sys/net/ipv4/tcp_rmem"
ROOT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
PROC = "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
# podman, default masks, and the same with --security-opt unmask=/proc/sys
PODMAN = """\
529 452 0:43 / / rw,relatime - overlay overlay rw,lowerdir=/a,upperdir=/b,workdir=/c
533 529 0:50 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
538 529 0:24 /x/hosts /etc/hosts rw,nosuid,nodev,relatime - tmpfs tmpfs rw,size=2527652k,mode=755
453 533 0:50 /bus /proc/bus ro,nosuid,nodev,noexec,relatime - proc proc rw
457 533 0:50 /sys /proc/sys ro,nosuid,nodev,noexec,relatime - proc proc rw
458 533 0:50 /sysrq-trigger /proc/sysrq-trigger ro,nosuid,nodev,noexec,relatime - proc proc rw
"""
UNMASKED = "".join(line for line in PODMAN.splitlines(True) if "/proc/sys ro" not in line)


@pytest.mark.parametrize(
    "mountinfo, path, expected",
    [
        (ROOT + PROC, RMEM, False),
        (PROC + ROOT, RMEM, False),
        (PODMAN, RMEM, True),
        (PODMAN, "/proc/sys", True),
        (PODMAN, "/proc/sysrq", False),
        (UNMASKED, RMEM, False),
        (PROC + "30 22 0:21 / /proc/sys ro - proc proc rw\n31 30 0:21 / /proc/sys rw - proc proc rw\n", RMEM, False),
        (PROC + "30 22 0:21 / /proc/sys rw - proc proc rw\n31 30 0:21 / /proc/sys ro - proc proc rw\n", RMEM, True),
        (PROC + "30 22 0:21 / /proc/sys/net/ipv4/tcp_rmem rw - proc proc ro\n", RMEM, True),
        (ROOT + "99 27 0:2 / /mnt/a\\040b ro shared:1 master:2 - tmpfs none rw\n", "/mnt/a b/c", True),
        ("99 27 0:2 / /proc/system ro - proc proc rw\n" + PROC, RMEM, False),
        ("99 27 0:2 / /mnt rw - ext4 /dev/error rw,errors=remount-ro\n", "/mnt/x", False),
        (PROC, "/etc/x", None),
        ("", RMEM, None),
        (None, RMEM, None),
        ("garbage\n - \n22 27 0:21 / /proc\n22 27 0:21 / /proc rw\n22 27 0:21 / /proc ro -\n", RMEM, None),
    ],
)
def test_is_read_only(mountinfo, path, expected):
    assert is_read_only(mountinfo, path) is expected
