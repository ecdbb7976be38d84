from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_measures import MEASURES, QUANTILES, block_values

SUMS = {"bytes_in": 0, "bytes_read": 0, "bytes_out": 0, "old_bytes_in": 0, "old_bytes_out": 0, "rwnd_limited_us": None, "sndbuf_limited_us": None}
NO_QUANTILES = {"rtt_us": None, "mean_notsent_bytes": None, "send_queue_bytes": None}


def group(kind, direction, flows, rtt=None, queue=None, **sums):
    quantiles = dict(NO_QUANTILES, send_queue_bytes=queue and {"p50": queue})
    if rtt:
        quantiles["rtt_us"] = {"p50": rtt, "p90": 2 * rtt, "p99": 3 * rtt, "max": 4 * rtt}
    return {"class": kind, "direction": direction, "flows": flows, "counts": {}, "sums": dict(SUMS, **sums), "quantiles": quantiles}


def test_both_directions_of_a_class_together():
    values = block_values({"groups": [
        group("bulk", "inbound", 2, rtt=1000, bytes_in=5_000, bytes_read=4_500, old_bytes_in=4_000, rwnd_limited_us=7),
        group("bulk", "outbound", 6, rtt=3000, queue=70_000, bytes_in=100, bytes_read=600, bytes_out=9_000, old_bytes_out=60, rwnd_limited_us=3),
        group("request_response", "inbound", 4, rtt=400, bytes_in=77, bytes_read=77, old_bytes_in=7, rwnd_limited_us=5),
    ]})
    assert (values["flows_bulk_read_bytes"], values["flows_bulk_out_bytes"]) == (5_100, 9_000)
    assert values["flows_read_bytes"] == values["flows_in_bytes"] == 5_177
    assert (values["flows_old_in_bytes"], values["flows_old_out_bytes"]) == (4_007, 60)
    assert values["flows_rwnd_limited_us"] == 15  # of all classes
    assert values["flows_bulk_rtt_us"] == 2_500  # weighted by flows
    assert values["flows_bulk_queue_bytes"] == 70_000  # of those that have one
    assert (values["flows_request_rtt_us"], values["flows_request_rtt_p90_us"]) == (400, 800)
    assert values["flows_notsent_bytes"] is None
    assert (values["flows_bulk_count"], values["flows_request_count"]) == (8, 4)


def test_what_no_flow_tells_is_unknown_and_not_nothing():
    assert block_values({"groups": [group("bulk", "inbound", 2)]})["flows_sndbuf_limited_us"] is None
    told = block_values({"groups": [group("bulk", "inbound", 2), group("bulk", "outbound", 1, sndbuf_limited_us=5)]})
    assert told["flows_sndbuf_limited_us"] == 5


def test_without_a_flow_amounts_and_numbers_are_nothing_and_levels_unknown():
    values = block_values({"groups": []})
    assert set(values) == {measure.name for measure in MEASURES}
    assert all(values[measure.name] == (None if measure.part == QUANTILES else 0) for measure in MEASURES)
