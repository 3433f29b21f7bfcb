"""`plimsoll up`, `plimsoll tick`, `plimsoll status` and `plimsoll doctor`: running unattended."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from plimsoll.cli.common import (
    HostOption,
    JsonOption,
    PortOption,
    ProjectOption,
    open_project,
    open_to_write,
    print_json,
    say,
    the_clock,
)
from plimsoll.errors import shown
from plimsoll.publish.formatting import NARROW

if TYPE_CHECKING:
    from plimsoll.project import Project
    from plimsoll.schedule.status import Status

JsonLogs = Annotated[bool, typer.Option("--json-logs", help="One JSON object an event, for log collectors.")]

CollectOnly = Annotated[bool, typer.Option("--collect-only", help="Only collect, and ship to [ship] to or [lake] uri.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(up)
    app.command()(tick)
    app.command()(status)
    app.command()(doctor)


def up(
    project: ProjectOption = None,
    serve: Annotated[bool, typer.Option("--serve", help="Also run the HTTP service.")] = False,
    host: HostOption = None,
    port: PortOption = None,
    collect_only: CollectOnly = False,
    json_logs: JsonLogs = False,
) -> None:
    """Runs the scheduler in the foreground: collects, analyses, reports, until SIGTERM or Ctrl-C; SIGHUP reloads."""
    from plimsoll.schedule.log import JSON, logger
    from plimsoll.schedule.secrets import secrets_of
    from plimsoll.schedule.up import up as run_scheduler

    opened = replace(open_to_write(project), collect_only=collect_only)
    if json_logs:
        os.environ[JSON] = "1"  # for the workers, too
    log = logger(secrets=secrets_of(opened.config()))
    run_scheduler(opened, the_clock(), log, serve=_service(opened, host, port) if serve else [])


def _service(project: "Project", host: str | None, port: int | None) -> list[str]:
    """The words of the service's command; refused at once where it could not listen."""
    from plimsoll.api.listening import address, free

    free(*address(project, host, port))
    asked = {"--host": host, "--port": port}  # what was not asked for is read from [serve] at each start
    return ["serve", *(str(word) for option, value in asked.items() if value is not None for word in (option, value))]


def tick(
    project: ProjectOption = None,
    collect_only: CollectOnly = False,
    json_logs: JsonLogs = False,
) -> None:
    """Does everything that is due, once: for cron and systemd timers, with the same ledger as `up`."""
    from plimsoll.schedule.log import logger
    from plimsoll.schedule.secrets import secrets_of
    from plimsoll.schedule.up import tick as one_pass

    opened = replace(open_to_write(project), collect_only=collect_only)
    log = logger(json=json_logs, secrets=secrets_of(opened.config()))
    made = one_pass(opened, the_clock(), log)
    say(f"{made} runs")


def status(project: ProjectOption = None, json: JsonOption = False) -> int:
    """Tells how the project is; exit code 1 if anything is wrong."""
    from plimsoll.schedule.status import status as look

    found = look(open_project(project), the_clock())
    if json:
        print_json(found)
    else:
        _print(found)
    return 0 if found.healthy else 1


def doctor(project: ProjectOption = None, json: JsonOption = False) -> int:
    """Tells what is missing on this machine and what it would unlock; exit code 1 if something stops work."""
    from plimsoll.schedule.doctor import run_checks

    findings = run_checks(open_project(project), the_clock())
    if json:
        print_json(findings)
    else:
        for finding in findings:
            typer.echo(f"{finding.verdict:<5} {finding.about:<12} {shown(finding.text)}")
    return 1 if any(finding.verdict == "bad" for finding in findings) else 0


def _typed(sentence: str) -> str:
    """A sentence of a report for a terminal: the narrow spaces of its numbers are ours, and plain ones here."""
    return shown(sentence.replace(NARROW, " "))


def _print(found: "Status") -> None:
    owner = found.scheduler
    running = "not running"
    if owner is not None:
        running = f"plimsoll {owner.command}, PID {owner.pid} on {owner.host} since {owner.started}"
    typer.echo(f"scheduler  {running}")
    for job in found.jobs:
        typer.echo(
            f"{job.job:<18} {job.schedule:<20} last {job.last_run or 'never':<24} {job.last_outcome or '–':<8}"
            f" next {job.next_due or '–'}"
        )
    if (spool := found.spool) is not None:
        since = f", the oldest since {spool.oldest}" if spool.oldest else ""
        shipped = f"last shipped {spool.last_shipped or 'never'}"
        typer.echo(f"spool      {spool.segments} segments ({spool.bytes / 1e6:.1f} MB) wait{since}; {shipped}")
    if (last := found.report) is not None:
        from plimsoll.publish.views.counts import unjudged

        judged = ", ".join(part for part in (f"{last.judged} of {last.total} judged", unjudged(last.counts)) if part)
        typer.echo(f"report     {_typed(last.verdict)} {_typed(last.facts)} ({last.end}; {judged})")
    if found.to_come:
        coming = "; ".join(f"{one.what} from {one.known_from}" for one in found.to_come)
        typer.echo(f"to come    {coming} (for want of history)")
    for note in found.notes:
        typer.echo(f"note: {shown(note)}")
    for problem in found.problems:
        typer.echo(f"problem: {shown(problem)}")
    typer.echo("healthy" if found.healthy else f"not healthy: {len(found.problems)} problems")
