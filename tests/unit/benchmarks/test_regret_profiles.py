"""The table of fixed profiles: values that the kernel takes, and what is measured once for several of them."""
import pytest
from compare import start_sizes
from regret_profiles import AUTO, FIXED, LOWAT, RMEM, START, WMEM, fixed, grouped
from workloads import WORKLOADS

INT_MAX = 2147483647


@pytest.mark.parametrize("row", FIXED, ids=lambda row: row.name)
def test_values_are_three_sizes_in_order_and_have_a_source(row):
    for text in (row.tcp_rmem, row.tcp_wmem):
        sizes = [int(size) for size in text.split(" ")]
        assert len(sizes) == 3 and sizes == sorted(sizes) and 4096 <= sizes[0] and sizes[2] <= INT_MAX
    assert row.source and row.name not in (START, AUTO)


def test_names_are_unique():
    assert len({row.name for row in FIXED}) == len(FIXED)


def test_start_is_the_workloads_own():
    profiles = fixed(WORKLOADS["both_bound"])
    assert list(profiles)[0] == START
    assert profiles[START]["near"] == profiles[START]["far"] == {RMEM: "4096 1048576 4194304", WMEM: "4096 1048576 4194304"}


def test_equal_values_are_measured_once():
    workload = WORKLOADS["bulk"]
    start = start_sizes(workload)
    unchanged = {"near": dict(start), "far": dict(start)}
    groups = grouped({**fixed(workload), AUTO: unchanged}, start)
    assert groups[0] == (("start", "def618", "auto"), unchanged)
    assert sum(len(names) for names, _values in groups) == len(FIXED) + 2 and len(groups) == len(FIXED)


@pytest.mark.parametrize("end", ["near", "far"])
def test_one_end_alone_makes_a_profile_of_its_own(end):
    start = start_sizes(WORKLOADS["bulk"])
    one_end = {"near": start, "far": start, end: {**start, LOWAT: "16384"}}
    assert grouped({"start": {"near": {}, "far": {}}, AUTO: one_end}, start)[1] == (("auto",), one_end)
