"""The question the other way round: the largest job of a cluster that is not interrupted too often."""

from model.numbers.facts import Missing
from model.predictions.need import need
from model.predictions.solution import Need
from model.studies.cluster.machine import failure_rate


def largest_job(cluster, mean, draws, seed=0) -> Need | None:
    """Return the Need: devices of a job with at least that mean time between interruptions, s.

    None where nobody knows how often the cluster's devices fail.
    """
    try:
        failure_rate(cluster.scenario())
    except Missing:
        return None
    changes = {name: number for name, number in cluster.given.items() if number is not None}
    return need("job_mtbf", mean, "devices", system=cluster.system, changes=changes, draws=draws, seed=seed)
