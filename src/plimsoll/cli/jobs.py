"""`plimsoll jobs` and `plimsoll run JOB`."""

from typing import Annotated

import typer

from plimsoll.cli.common import AsOfOption, JsonOption, ProjectOption, as_of_or_now, open_project, print_json, the_clock
from plimsoll.cli.progress import blocks_shown
from plimsoll.clock import rfc3339
from plimsoll.project.runner import run_job


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command(name="jobs")(list_jobs)
    app.command(name="run")(run)


def list_jobs(project: ProjectOption = None, json: JsonOption = False) -> None:
    """Lists the jobs: what runs, when, where it comes from, how it went last, when it runs next."""
    from plimsoll.schedule.status import upcoming  # with it the whole scheduler

    opened = open_project(project)
    following = upcoming(opened, the_clock())
    rows: list[dict[str, object]] = []
    for name, file in opened.jobs().items():
        job, last = opened.job(name), opened.ledger.last(name)
        rows.append(
            {
                "job": name,
                "schedule": job.schedule,
                "origin": file.origin,
                "lastRun": rfc3339(last.started) if last else None,
                "lastOutcome": last.outcome if last else None,
                "nextRun": following[name],
                "does": job.summary,
            }
        )
    if json:
        print_json(rows)
        return
    for row in rows:
        last_text = f"{row['lastRun']} {row['lastOutcome']}" if row["lastRun"] else "never"
        following_text = row["nextRun"] or "at any time"
        known = f"{row['job']:<18} {row['schedule']:<14} {row['origin']:<9}"
        typer.echo(f"{known} {last_text:<33} {following_text:<21} {row['does']}")


def run(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A job's name; see plimsoll jobs.")],
    project: ProjectOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Runs one job, now or as of an instant."""
    at = as_of_or_now(as_of) if as_of else None
    with blocks_shown() as tell:
        run_job(open_project(project), job, clock=the_clock(), as_of=at, on_progress=tell)
