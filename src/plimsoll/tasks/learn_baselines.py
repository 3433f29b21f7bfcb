"""Learns what is usual and keeps it in the lake, for everything that compares with it."""

from plimsoll.project.context import Context


def learn_baselines(context: Context) -> int:
    """Baselines, usual ranges and trends as of the context's instant; gives the number of series.

    The hours of the week are by far the most rows: they are kept block by block (`2026-01-17t0000.b0000`), and never
    all of them in memory.
    """
    import polars as pl

    from plimsoll.queries.baselines import learn

    sources = context.sources()
    instant = f"{context.as_of:%Y-%m-%dt%H%M}"
    usual: list[pl.DataFrame] = []
    trends: list[pl.DataFrame] = []
    kept: set[str] = set()
    for n, learnt in enumerate(learn(sources)):
        partition = f"{instant}.b{n:04d}"
        context.lake.replace("baselines", partition, learnt.by_hour)
        kept.add(partition)
        usual.append(learnt.usual)
        trends.append(learnt.trends)
    before = [name for name in sources.snapshot.partitions("baselines") if name.partition(".")[0] == instant]
    context.lake.delete_partitions("baselines", [name for name in before if name not in kept])
    context.lake.replace("usual", instant, pl.concat(usual))
    context.lake.replace("trends", instant, pl.concat(trends))
    return sum(part.height for part in usual)
