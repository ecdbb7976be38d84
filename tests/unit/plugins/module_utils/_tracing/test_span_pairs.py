from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing import span_pairs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_pairs import SpanPairs

IN, OUT = True, False


def test_entry_and_exit_make_a_duration():
    pairs = SpanPairs()
    assert pairs.durations([(100, IN, 0, 7), (150, OUT, 0, 7)]) == [50]
    assert pairs.unpaired == 0


def test_a_call_may_end_in_a_later_round_and_on_another_cpu():
    pairs = SpanPairs()
    assert pairs.durations([(100, IN, 0, 7)]) == []
    assert pairs.durations([(900, OUT, 3, 7)]) == [800]


def test_events_of_several_cpus_come_in_any_order():
    assert SpanPairs().durations([(300, OUT, 1, 7), (100, IN, 0, 7), (120, IN, 2, 8), (130, OUT, 2, 8)]) == [10, 200]


def test_the_idle_process_is_another_one_on_each_cpu():
    assert SpanPairs().durations([(100, IN, 0, 0), (110, IN, 1, 0), (115, OUT, 0, 0), (140, OUT, 1, 0)]) == [15, 30]


def test_a_call_that_a_softirq_interrupts_with_another():
    assert SpanPairs().durations([(100, IN, 0, 7), (110, IN, 0, 7), (120, OUT, 0, 7), (190, OUT, 0, 7)]) == [10, 90]


def test_an_exit_without_an_entry_is_counted_not_timed():
    pairs = SpanPairs()
    assert pairs.durations([(100, OUT, 0, 7)]) == []
    assert pairs.unpaired == 1


def test_a_third_entry_drops_the_oldest():
    pairs = SpanPairs()
    assert pairs.durations([(1, IN, 0, 7), (10, IN, 0, 7), (20, IN, 0, 7), (25, OUT, 0, 7), (27, OUT, 0, 7)]) == [5, 17]
    assert pairs.unpaired == 1


def test_after_a_loss_no_old_entry_makes_a_call_of_hours():
    pairs = SpanPairs()
    pairs.durations([(1, IN, 0, 7)])
    pairs.forget()
    assert pairs.durations([(9000000, OUT, 0, 7)]) == []
    assert pairs.unpaired == 2


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(span_pairs, "MOST_OPEN", 10)
    pairs = SpanPairs()
    pairs.durations([(when, IN, 0, when) for when in range(1, 12)])
    assert pairs.unpaired == 11


def test_a_call_of_no_time_is_paired_in_the_order_it_came():
    """A coarse clock gives entry and exit the same time."""
    pairs = SpanPairs()
    assert pairs.durations([(100, IN, 0, 7), (100, OUT, 0, 7)]) == [0]
    assert pairs.durations([(10_000_000_100, IN, 0, 7), (10_000_000_100, OUT, 0, 7)]) == [0]
    assert pairs.unpaired == 0
