# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial keeps of the connections of each block: a few numbers for all of them. Pure. A new measure is one row.

Names are those of the verdict's metrics. A sum is an amount, counted per second later; a quantile and a number of flows are levels.
"""
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

SUMS, QUANTILES, COUNTS = "sums", "quantiles", "flows"


class Measure(NamedTuple):
    """One number of the `sockets` of docs/data_shapes.md: of one class of flows (None: of all), in both directions together."""

    name: str
    kind: Optional[str]
    part: str
    measure: str
    quantile: Optional[str] = None

    @property
    def is_level(self) -> bool:
        return self.part != SUMS


MEASURES = (
    Measure("flows_bulk_read_bytes", "bulk", SUMS, "bytes_read"),
    Measure("flows_bulk_out_bytes", "bulk", SUMS, "bytes_out"),
    Measure("flows_read_bytes", None, SUMS, "bytes_read"),
    Measure("flows_in_bytes", None, SUMS, "bytes_in"),
    Measure("flows_old_in_bytes", None, SUMS, "old_bytes_in"),
    Measure("flows_old_out_bytes", None, SUMS, "old_bytes_out"),
    Measure("flows_rwnd_limited_us", None, SUMS, "rwnd_limited_us"),
    Measure("flows_sndbuf_limited_us", None, SUMS, "sndbuf_limited_us"),
    Measure("flows_bulk_rtt_us", "bulk", QUANTILES, "rtt_us", "p50"),
    Measure("flows_bulk_queue_bytes", "bulk", QUANTILES, "send_queue_bytes", "p50"),
    Measure("flows_request_rtt_us", "request_response", QUANTILES, "rtt_us", "p50"),
    Measure("flows_request_rtt_p90_us", "request_response", QUANTILES, "rtt_us", "p90"),
    Measure("flows_notsent_bytes", None, QUANTILES, "mean_notsent_bytes", "p90"),
    # How many there were at the last look: whether two blocks speak of the same flows.
    Measure("flows_bulk_count", "bulk", COUNTS, "flows"),
    Measure("flows_request_count", "request_response", COUNTS, "flows"),
)


def block_values(sockets: Mapping[str, Any]) -> Dict[str, Optional[float]]:
    """One block's number for each measure; None where no flow has it."""
    return {measure.name: _value(measure, sockets["groups"]) for measure in MEASURES}


def _value(measure: Measure, groups: List[Mapping[str, Any]]) -> Optional[float]:
    wanted = [group for group in groups if measure.kind in (None, group["class"])]
    if measure.part == COUNTS:
        return sum(group[measure.measure] for group in wanted)
    if measure.part == SUMS:
        known = [group[SUMS][measure.measure] for group in wanted if group[SUMS][measure.measure] is not None]
        return sum(known) if known or not wanted else None
    # Each direction, and each class, has a quantile of its own: their mean, weighted by how many flows they speak for.
    levels = [(group[QUANTILES][measure.measure], group["flows"]) for group in wanted]
    known_levels = [(found[measure.quantile], flows) for found, flows in levels if found is not None and flows]
    flows = sum(weight for _level, weight in known_levels)
    return round(sum(level * weight for level, weight in known_levels) / flows, 3) if flows else None
