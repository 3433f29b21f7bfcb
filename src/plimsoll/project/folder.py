"""A project: the folder that holds config.toml, jobs/, reports/templates/ and data/, over the built-in one.

Jobs and templates override file by file, config key by key; every listing prints the origin.
"""

import importlib.util
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from plimsoll.analysis.anomalies.settings import Anomalies
from plimsoll.analysis.bottlenecks import settings as rule_settings
from plimsoll.analysis.capacity.settings import Capacity
from plimsoll.analysis.incidents.settings import Dependencies
from plimsoll.collectors.prometheus.settings import Probe, Server, Target
from plimsoll.collectors.registry import every_collector
from plimsoll.collectors.slurm.settings import Slurm
from plimsoll.config import Config, Layer, Section, load
from plimsoll.config.engine import Collect, Documents, Machine, Plimsoll, Scheduler, Serve
from plimsoll.delivery.notify import Notify, Route
from plimsoll.delivery.settings import Mail, Ping, Recipient
from plimsoll.errors import BadParameter, ConfigError, DiskError, PlimsollError, UsageError, nearest
from plimsoll.execution import Execution
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.muting import Maintenance
from plimsoll.fleet.presence import Silence
from plimsoll.fleet.prices import Prices
from plimsoll.fleet.rule_alerts import RuleAlert
from plimsoll.lake import BackupResult, Lake, Spool
from plimsoll.lake.settings import Hold, Retention, SharedPlace
from plimsoll.ledger import Ledger
from plimsoll.ledger.outbox import Outbox
from plimsoll.project.consistency import check_consistency
from plimsoll.project.context import Job
from plimsoll.shipping import Ship, lake_of, only_collects, spool_of

_PACKAGE: Final = Path(__file__).parents[1]


def builtin_root() -> Path:
    """The built-in project, found by evidence: in an installed wheel `_builtin`, in a checkout the checkout itself."""
    for root in (_PACKAGE / "_builtin", _PACKAGE.parents[1]):
        if (root / "config.toml").is_file() and (root / "jobs").is_dir():
            return root
    raise PlimsollError(f"{_PACKAGE.name}: the built-in config.toml and jobs/ are missing; install Plimsoll again")


def sections(own_rules: tuple[str, ...] = ()) -> dict[str, type[Section]]:
    """Every section that a config.toml may have: the engine's, and one for each extension and rule of the project."""
    kinds: dict[str, type[Section]] = {
        "plimsoll": Plimsoll,
        "machine": Machine,
        "collect": Collect,
        "documents": Documents,
        "lake": SharedPlace,
        "ship": Ship,
        "anomalies": Anomalies,
        "capacity": Capacity,
        "dependencies": Dependencies,
        "execution": Execution,
        "lines.*": LoadLine,
        "legal_hold.*": Hold,
        "mail": Mail,
        "dead_mans_switch": Ping,
        "backfill.*": Server,
        "maintenance.*": Maintenance,
        "notify.*": Notify,
        "recipients.*": Recipient,
        "prices": Prices,
        "probes.*": Probe,
        "retention": Retention,
        "routes.*": Route,
        "rule_alerts.*": RuleAlert,
        "rules": rule_settings.settings(own_rules),
        "schedule": Scheduler,
        "serve": Serve,
        "silence": Silence,
        "slurm.*": Slurm,
        "targets.*": Target,
    }
    for name, collector in every_collector().items():
        kinds[f"collectors.{name}"] = collector.settings
    return kinds


@dataclass(frozen=True, slots=True)
class JobFile:
    """Where a job's file stands: `built-in` or the project's own."""

    name: str
    path: Path
    origin: str


@dataclass(frozen=True, slots=True)
class Project:
    """One project folder over the built-in one; `collect_only` is what the command line asked for."""

    root: Path
    builtin: Path
    collect_only: bool = False

    @classmethod
    def open(cls, folder: Path | None, *, here: Path) -> "Project":
        """The folder that was named, or the nearest parent of `here` whose config.toml has a `[plimsoll]` table."""
        if folder is not None:
            if not folder.is_dir():
                raise BadParameter("--project", folder, why="is not a folder; make one with: plimsoll init DIR")
            if not _is_project(folder):
                raise BadParameter("--project", folder, why="holds no config.toml with a [plimsoll] table")
            return cls(_with_sound_data(folder.resolve()), builtin_root())
        for parent in (here, *here.parents):
            if _is_project(parent):
                return cls(_with_sound_data(parent.resolve()), builtin_root())
        raise UsageError(
            "no project in this folder or above it; make one with: plimsoll init DIR, or name it: --project DIR"
        )

    @property
    def data(self) -> Path:
        """Everything generated."""
        return self.root / "data"

    @property
    def lake(self) -> Lake:
        """The project's lake: here, in a shared store, or behind a service."""
        return lake_of(self.config(), self.data)

    @property
    def allows_network_fs(self) -> bool:
        """Whether a person insists on a data folder whose locks cannot be relied on."""
        return self.config().get("lake", SharedPlace).allow_network_fs

    @property
    def spool(self) -> Spool | None:
        """What waits to be shipped; None where the lake is here."""
        return spool_of(self.config(), self.data)

    @property
    def only_collects(self) -> bool:
        """Whether this host only collects and ships."""
        return self.collect_only or only_collects(self.config())

    @property
    def ledger(self) -> Ledger:
        """The project's ledger."""
        return Ledger.of(self.data)

    @property
    def outbox(self) -> Outbox:
        """What is to be delivered."""
        return self.ledger.outbox

    @property
    def own(self) -> bool:
        """Whether the project is another folder than the built-in one."""
        return self.root != self.builtin.resolve()

    def config(self) -> Config:
        """All settings: the built-in ones, then the project's own, key by key."""
        layers = [Layer.read(self.builtin / "config.toml", origin="built-in config.toml")]
        if self.own:
            layers.append(Layer.read(self.root / "config.toml"))
        return _loaded(tuple(layers), rule_settings.own_names(self.root / "rules"))

    def backup(self, target: Path) -> BackupResult:
        """A whole copy of the project; the lake's manifest comes last, so a broken backup is seen to be one."""
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy2(self.root / "config.toml", target / "config.toml")
        if self.own:
            for part in ("jobs", "reports", "rules", "mappings"):
                if (self.root / part).is_dir():
                    shutil.copytree(self.root / part, target / part, dirs_exist_ok=True)
        if (prices := self._price_file()) is not None:
            (target / prices).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.root / prices, target / prices)
        self.ledger.copy_to(target / "data" / self.ledger.path.name)
        return self.lake.backup(target / "data" / "lake")

    def _price_file(self) -> str | None:
        """The price file's path in the project, where there is one."""
        named = self.config().get("prices", Prices).file
        return named if named and (self.root / named).is_file() else None

    def templates(self) -> list[Path]:
        """Template folders, the nearest first."""
        roots = [self.root, self.builtin] if self.own else [self.builtin]
        return [folder for root in roots if (folder := root / "reports" / "templates").is_dir()]

    def jobs(self) -> Mapping[str, JobFile]:
        """Every job by name, the project's own files over the built-in ones."""
        found = {p.stem: JobFile(p.stem, p, "built-in") for p in sorted((self.builtin / "jobs").glob("*.py"))}
        if self.own:
            own = sorted((self.root / "jobs").glob("*.py"))
            found |= {p.stem: JobFile(p.stem, p, "project") for p in own}
        return dict(sorted(found.items()))

    def job(self, name: str) -> Job:
        """Loads a job by name; its file must define exactly one `Job`."""
        files = self.jobs()
        if name not in files:
            hint = nearest(name, files)
            raise BadParameter("job", name, allowed=[hint] if hint else list(files), why="is not a job of this project")
        return _load(files[name])


@lru_cache(maxsize=4)
def _loaded(layers: tuple[Layer, ...], own_rules: tuple[str, ...]) -> Config:
    """Read and validated once for the same bytes: a command asks for its settings many times."""
    return check_consistency(load(layers, sections(own_rules)))


def open_project(folder: str | Path | None = None) -> Project:
    """The project in `folder`, or in the nearest folder above the current one; for notebooks and other programs.

    Raises `UsageError` where there is none, `ConfigError` for a mistake in its settings.
    """
    project = Project.open(Path(folder) if folder is not None else None, here=Path.cwd())
    project.config()
    return project


def _with_sound_data(root: Path) -> Path:
    """The folder, if what is generated can be kept in it; nothing is made here."""
    for path in (root / "data", root / "data" / "lake"):
        try:
            odd = path.exists() and not path.is_dir()
        except OSError as error:
            raise DiskError(f"{path}: cannot be looked at ({error.strerror}); check the folder's owner") from error
        if odd:
            raise UsageError(f"{path}: is not a folder; move it away, or name another project: --project DIR")
    return root


def _is_project(folder: Path) -> bool:
    path = folder / "config.toml"
    if not path.is_file():
        return False
    layer = Layer.read(path)
    try:
        return "plimsoll" in layer.parsed()
    except ConfigError:
        return "[plimsoll]" in layer.text


def _load(file: JobFile) -> Job:
    where = f"jobs/{file.path.name} ({file.origin})"
    spec = importlib.util.spec_from_file_location(f"plimsoll_job_{file.name}", file.path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{where}: cannot be loaded as Python")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(f"{where}: cannot be loaded: {type(error).__name__}: {error}") from error
    jobs = [value for value in vars(module).values() if isinstance(value, Job)]
    if len(jobs) != 1:
        raise ConfigError(f"{where}: defines {len(jobs)} jobs; a job file defines exactly one")
    return jobs[0]
