"""Learns what is usual and keeps it in the lake, for everything that compares with it."""

from plimsoll.job import Context


def learn_baselines(context: Context) -> int:
    """Baselines, usual ranges and trends as of the context's instant; gives the number of series."""
    from plimsoll.answers.baselines import learn

    learnt = learn(context.sources())
    partition = f"{context.as_of:%Y-%m-%dt%H%M}"
    context.lake.replace("baselines", partition, learnt.by_hour)
    context.lake.replace("usual", partition, learnt.usual)
    context.lake.replace("trends", partition, learnt.trends)
    return learnt.usual.height
