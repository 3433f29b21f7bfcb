"""What is usual."""

from plimsoll import Context, job, tasks


@job(schedule="daily 04:00")
def learn(context: Context) -> None:
    """Learns baselines by hour of the week, usual ranges and trends of every metric."""
    tasks.learn_baselines.learn_baselines(context)
