"""What a run had proven by the time it ended or was killed, from the log of callback_plugins/fault_log.py. Pure."""
import json

IMPROVED = "improved"


def lines_of(text):
    """The log's lines; the last may have been cut off."""
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


def proven(lines):
    """{host: {sysctl: value}} of the candidates that a verdict called improved. A pooled verdict counts for all its hosts."""
    candidates, found = {}, {}
    for line in lines:
        if "changes" in line:
            candidates[line["host"]] = line["changes"]
        if line.get("verdict") == IMPROVED:
            for host in {line["host"], *line["hosts"]}:
                found[host] = {**found.get(host, {}), **candidates.get(host, {})}
    return found


def tasks(lines):
    """Names of the tasks that were begun, in order."""
    return [line["task"] for line in lines if "task" in line]
