"""What Prometheus reads: how leases ended, how long locks and freezes lasted, what is held now."""

import threading

_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STATES = ("IDLE", "PREPARING", "HELD", "RELEASING")


class Histogram:
    """Counts of durations by upper bound, as Prometheus adds them up."""

    def __init__(self, name, about):
        self._name = name
        self._about = about
        self._counts = [0] * (len(_BUCKETS_S) + 1)
        self._sum_s = 0.0

    def add(self, duration_s):
        """Count a duration."""
        self._sum_s += duration_s
        self._counts[sum(duration_s > bound for bound in _BUCKETS_S)] += 1

    def lines(self):
        """Return the exposition's lines."""
        yield "# HELP {} {}".format(self._name, self._about)
        yield "# TYPE {} histogram".format(self._name)
        total = 0
        for bound, count in zip([*_BUCKETS_S, "+Inf"], self._counts):
            total += count
            yield '{}_bucket{{le="{}"}} {}'.format(self._name, bound, total)
        yield "{}_sum {}".format(self._name, round(self._sum_s, 6))
        yield "{}_count {}".format(self._name, total)


class Metrics:
    """The metrics of one start of the agent."""

    def __init__(self):
        self._lock = threading.Lock()
        self._outcomes = {}
        self._locked = Histogram("cbsnap_agent_locked_seconds", "How long databases were locked.")
        self._frozen = Histogram("cbsnap_agent_frozen_seconds", "How long filesystems were frozen.")

    def count(self, record):
        """Count an ended lease's record."""
        with self._lock:
            key = (record["plan"], record["state"])
            self._outcomes[key] = self._outcomes.get(key, 0) + 1
            for histogram, duration_ms in (
                (self._locked, record["locked_ms"]),
                (self._frozen, record["frozen_ms"]),
            ):
                if duration_ms is not None:
                    histogram.add(duration_ms / 1000)

    def text(self, state, paused):
        """Return the exposition, with the host's state and whether it is paused."""
        with self._lock:
            lines = [*self._outcome_lines(), *self._locked.lines(), *self._frozen.lines()]
        lines += [
            "# HELP cbsnap_agent_state Whether the host is in this state.",
            "# TYPE cbsnap_agent_state gauge",
        ]
        lines += ['cbsnap_agent_state{{state="{}"}} {}'.format(one, int(one == state)) for one in _STATES]
        lines += [
            "# HELP cbsnap_agent_paused Whether leases are refused.",
            "# TYPE cbsnap_agent_paused gauge",
        ]
        return "\n".join([*lines, "cbsnap_agent_paused {}".format(int(paused)), ""])

    def _outcome_lines(self):
        yield "# HELP cbsnap_agent_leases_total Ended leases by plan and outcome."
        yield "# TYPE cbsnap_agent_leases_total counter"
        for (plan, state), count in sorted(self._outcomes.items()):
            yield 'cbsnap_agent_leases_total{{plan="{}",outcome="{}"}} {}'.format(plan, state, count)
