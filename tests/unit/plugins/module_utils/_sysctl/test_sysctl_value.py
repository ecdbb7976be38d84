"""Canonical text of sysctl values, and what may be written."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import (
    InvalidValue,
    canonical,
    triple,
    validated,
)

RMEM = "net.ipv4.tcp_rmem"
LOWAT = "net.ipv4.tcp_notsent_lowat"
TSQ = "net.ipv4.tcp_limit_output_bytes"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("4096\t131072\t33554432\n", "4096 131072 33554432"),
        ("  4096   131072 33554432  ", "4096 131072 33554432"),
        ("4096 131072 33554432", "4096 131072 33554432"),
        ("cubic\n", "cubic"),
        ("\n", ""),
        ("", ""),
    ],
)
def test_canonical(text, expected):
    assert canonical(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("4096\t131072\t6291456\n", {"min": 4096, "default": 131072, "max": 6291456}),
        ("1 2 2147483647", {"min": 1, "default": 2, "max": 2147483647}),
        (None, None),
        ("", None),
        ("4096 131072", None),
        ("4096 131072 6291456 1", None),
        ("4096 -1 6291456", None),
        ("4096 x 6291456", None),
        ("4096 \u0661 6291456", None),
    ],
)
def test_triple(text, expected):
    assert triple(text) == expected


@pytest.mark.parametrize(
    "key, value, expected",
    [
        (RMEM, "4096 131072 6291456", "4096 131072 6291456"),
        (RMEM, " 4096\t131072\n6291456 ", "4096 131072 6291456"),
        (RMEM, [4096, 131072, 6291456], "4096 131072 6291456"),
        (RMEM, (4096, "131072", 6291456), "4096 131072 6291456"),
        (RMEM, {"min": 4096, "max": 6291456, "default": "131072"}, "4096 131072 6291456"),
        (RMEM, "4096 4096 4096", "4096 4096 4096"),
        (RMEM, "4096 4096 2147483647", "4096 4096 2147483647"),
        (RMEM, "04096 131072 6291456", "4096 131072 6291456"),
        (LOWAT, 0, "0"),
        (LOWAT, "4294967295", "4294967295"),
        (TSQ, [262144], "262144"),
    ],
)
def test_valid(key, value, expected):
    assert validated({key: value}) == {key: expected}


@pytest.mark.parametrize(
    "key, value, message",
    [
        (RMEM, "4096 131072", "wants three integers"),
        (RMEM, "4096 131072 6291456 1", "wants three integers"),
        (RMEM, "", "wants three integers"),
        (RMEM, 4096, "wants three integers"),
        (RMEM, "4096 131072 65536", "min <= default <= max"),
        (RMEM, "131072 4096 6291456", "min <= default <= max"),
        (RMEM, "4095 131072 6291456", "4095 is outside 4096..2147483647 bytes"),
        (RMEM, "4096 131072 2147483648", "2147483648 is outside"),
        (RMEM, "4096 131072 -1", "'-1' is not a plain decimal integer"),
        (RMEM, "4096 131072 6M", "'6M' is not a plain decimal integer"),
        (RMEM, "4096 131072 0x10000", "not a plain decimal integer"),
        (RMEM, "4096 131072 1e6", "not a plain decimal integer"),
        (RMEM, "'4096 131072 6291456'", "not a plain decimal integer"),
        (RMEM, "4096, 131072, 6291456", "not a plain decimal integer"),
        (RMEM, "4096 131072 \u0661\u0660", "not a plain decimal integer"),
        (RMEM, [4096, True, 6291456], "True is a boolean"),
        (RMEM, [4096, 131072.0, 6291456], "131072.0 is not a plain decimal integer"),
        (RMEM, [4096, None, 6291456], "None is not a plain decimal integer"),
        (RMEM, {"min": 4096, "max": 6291456}, "exactly min, default and max"),
        (RMEM, {"min": 4096, "default": 4096, "max": 6291456, "mean": 1}, "exactly min, default and max"),
        (RMEM, None, "None is not a plain decimal integer"),
        (LOWAT, True, "True is a boolean"),
        (LOWAT, 4294967296, "4294967296 is outside 0..4294967295"),
        (LOWAT, "1 2", "wants one integer"),
        (TSQ, 0, "0 is outside 4096"),
        ("net.ipv4.tcp_mem", "1 2 3", "not a sysctl this collection writes"),
        ("net.ipv4.ip_forward", "1", "not a sysctl this collection writes"),
        ("net/ipv4/tcp_rmem", "4096 131072 6291456", "not a sysctl this collection writes"),
    ],
)
def test_invalid(key, value, message):
    with pytest.raises(InvalidValue) as caught:
        validated({key: value})
    assert str(caught.value).startswith(f"{key}: ")
    assert message in str(caught.value)


def test_one_bad_value_refuses_all():
    with pytest.raises(InvalidValue, match=LOWAT):
        validated({RMEM: "4096 131072 6291456", LOWAT: "x"})


def test_no_values():
    with pytest.raises(InvalidValue, match="name at least one sysctl"):
        validated({})
