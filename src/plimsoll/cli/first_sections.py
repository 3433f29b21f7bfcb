"""The first sections of a config: a Prometheus server, an exporter or Slurm is asked, and tried once."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from plimsoll.cli.config import toml
from plimsoll.clock import duration_text
from plimsoll.errors import BadParameter, shown

_ENDPOINTS: Final = frozenset({"blackbox", "sglang", "tgi", "triton", "trtllm", "vllm"})
_MOST_NAMES: Final = 5
_ON_ONE_LINE: Final = 2
_TRY_S: Final = 20.0


@dataclass(slots=True)
class First:
    """Sections as TOML, what to say of them, and when the history of each `[backfill.*]` begins (None: not known)."""

    sections: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])
    histories: dict[str, float | None] = field(default_factory=dict[str, float | None])

    @property
    def text(self) -> str:
        """What is written above the comments of config.toml."""
        return "\n".join(["[plimsoll]\n", *self.sections])


def of_server(url: str, bearer_env: str) -> First:
    """The jobs of a Prometheus server that a mapping reads: live targets, and their history."""
    from plimsoll.collectors.prometheus.survey import section_name, server

    made, taken = First(), set[str]()
    _address("--prometheus", url)
    jobs = server(url, _access(bearer_env))
    made.said.append(f"{shown(url)}: {_counted(len(jobs), 'job')}")
    for job in jobs:
        mapping = job.recognized.mapping
        if not mapping:
            made.said.append(f"  {job.name}: {job.recognized.families} families, none that a built-in mapping reads")
            continue
        down = f"; not up: {_some(job.down)}" if job.down else ""
        read = f"{job.recognized.read} of {job.recognized.families} families"
        made.said.append(f"  {job.name}: {mapping} ({read}), {_counted(len(job.up), 'address', 'addresses')} up{down}")
        name, urls = section_name(job.name), [one for one in (*job.up, *job.down) if one not in taken]
        taken.update(urls)
        if urls:
            made.sections.append(_section(f"targets.{name}", {"urls": urls, **_what(mapping)}))
        history = {"url": url, **_what(mapping), "selector": f"job={toml(job.name)}"}
        step = {"step": duration_text(min(3600.0, max(1.0, job.step_s)))}
        bearer = {"bearer_env": bearer_env} if bearer_env else {}
        made.sections.append(_section(f"backfill.{name}", history | step | bearer))
        made.histories[name] = job.first_s
    if not made.sections:
        why = "has no job that a built-in mapping reads; docs/howto/read-exporters.md says how to write one"
        raise BadParameter("--prometheus", url, why=f"{why}; nothing was made")
    return made


def of_exporter(url: str, bearer_env: str) -> First:
    """One exporter, by the mapping that reads most of what it says."""
    from plimsoll.collectors.prometheus.survey import exporter, metrics_address

    address = _address("--target", metrics_address(url))
    found = exporter(address, _access(bearer_env))
    if not found.mapping:
        why = f"says {found.families} families, none that a built-in mapping reads; write one: mappings/NAME.toml"
        raise BadParameter("--target", address, why=f"{why} (docs/howto/read-exporters.md); nothing was made")
    keys = {"urls": [address], **_what(found.mapping), **({"bearer_env": bearer_env} if bearer_env else {})}
    said = f"{shown(address)}: {found.mapping} ({found.read} of {found.families} families)"
    return First([_section(f"targets.{found.mapping}", keys)], [said])


def of_slurm() -> First:
    """The cluster that Slurm's own commands tell of, on this machine."""
    from plimsoll.collectors.slurm.answers import jobs, nodes
    from plimsoll.collectors.slurm.command import SlurmError, ask
    from plimsoll.collectors.slurm.settings import Slurm

    settings = Slurm.model_validate({})
    try:
        seen = nodes(ask(settings.sinfo, deadline_s=_TRY_S))
        waiting = jobs(ask(settings.squeue, deadline_s=_TRY_S))
    except SlurmError as error:
        why = f"cannot be asked: {error}; on another machine: [slurm.NAME] squeue; nothing was made"
        raise BadParameter("--slurm", "sinfo, squeue", why=why) from error
    gpus = sum(node.gpus for node in seen)
    said = (
        f"Slurm: {_counted(len(seen), 'node')}, {_counted(gpus, 'GPU')}, {_counted(len(waiting), 'job')} in the queue"
    )
    return First([_section("slurm.cluster", {"every": "1m"})], [said])


def tried(config: Any) -> list[str]:  # noqa: ANN401 - a Config
    """One reading of every target, kept nowhere: who answered with how much, and who did not, and why."""
    from plimsoll.clock import SystemClock
    from plimsoll.collectors.prometheus.settings import Target
    from plimsoll.collectors.prometheus.targets import Scraper

    targets = config.under("targets", Target)
    if not targets:
        return []
    scraper = Scraper(targets, interval_s=_TRY_S)
    try:
        reading = scraper.read(SystemClock().now(), time.monotonic())
    finally:
        scraper.close()
    names = sorted({str(row["resource_id"]) for row in reading.samples})
    lines = [f"tried once: {_counted(len(names), 'resource')} answered: {_some(names)}" if names else "tried once:"]
    failed = [row for row in reading.collections if not row["ok"]]
    lines += [f"  {shown(row['target'])} cannot be read: {shown(row['reason'] or 'no reason')}" for row in failed]
    return lines if names or failed else ["tried once: nothing answered within the time of a round"]


def _address(option: str, url: str) -> str:
    from plimsoll.collectors.prometheus.settings import address

    try:
        return address(url)
    except ValueError as error:
        raise BadParameter(option, url, why=str(error)) from None


def _access(bearer_env: str) -> Mapping[str, Any]:
    from plimsoll.collectors.prometheus.settings import credentials

    token = os.environ.get(bearer_env) if bearer_env else None
    if bearer_env and not token:
        raise BadParameter("--bearer-env", bearer_env, why="is not set in this environment; nothing was made")
    return credentials(token, "", None)


def _what(mapping: str) -> dict[str, str]:
    kind = {"type": "endpoint"} if mapping in _ENDPOINTS else {}
    return {"mapping": mapping, **kind}


def _section(name: str, keys: Mapping[str, object]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_written(value)}" for key, value in keys.items())]) + "\n"


def _written(value: object) -> str:
    """As TOML; many addresses stand below one another."""
    if isinstance(value, list):
        each = [toml(one) for one in cast("list[object]", value)]
        return (
            "".join(["[\n", *(f"    {one},\n" for one in each), "]"])
            if len(each) > _ON_ONE_LINE
            else f"[{', '.join(each)}]"
        )
    return toml(value)


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(map(shown, names[:_MOST_NAMES])) + more
