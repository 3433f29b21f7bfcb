"""What is usual."""

from plimsoll.project.context import Context, job
from plimsoll.tasks.learn_baselines import learn_baselines


@job(schedule="daily 04:00")
def learn(context: Context) -> None:
    """Learns baselines by hour of the week, usual ranges and trends of every metric."""
    learn_baselines(context)
