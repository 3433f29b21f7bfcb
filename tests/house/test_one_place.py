"""What several commands and jobs need is named in one place, so that it can change in one place."""

import re
import typing
from pathlib import Path

import plimsoll
from plimsoll.delivery.settings import Recipient
from plimsoll.documents.report_kinds import REPORT_KINDS
from plimsoll.project import Project, builtin_root
from tests.shared import ROOT as CHECKOUT

ROOT = Path(plimsoll.__file__).parent


def test_the_ledger_s_file_is_named_once() -> None:
    """Everything else asks `Ledger.of(data)`, or the project's or context's `ledger`."""
    named = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if '"ledger.sqlite"' in path.read_text()]
    assert named == ["ledger/ledger.py"]


def test_a_kind_of_report_has_a_job_that_makes_it() -> None:
    """`plimsoll report KIND` notes its run under the job's name: that job must exist."""
    jobs = Project(builtin_root(), builtin_root()).jobs()
    assert {kind.job for kind in REPORT_KINDS.values()} <= jobs.keys()


def test_recipients_may_ask_for_every_kind_of_report() -> None:
    """A fourth kind is refused nowhere: what a recipient may name are the kinds there are."""
    (allowed, *_) = typing.get_args(Recipient.model_fields["reports"].annotation)
    assert set(typing.get_args(allowed)) == set(REPORT_KINDS)


def test_the_map_of_the_architecture_leads_somewhere() -> None:
    """Every path in the table "Where to change what" is there: in the package, or at the root where it says so."""
    text = (CHECKOUT / "docs" / "architecture.md").read_text("utf-8")
    table = text.partition("## Where to change what")[2].partition("## Floors")[0]
    named = [one for one in re.findall(r"`([\w./]+[/.]\w*)`", table) if one != "src/plimsoll/"]
    assert len(named) > 20
    places = (ROOT, CHECKOUT)
    lost = [one for one in named if not any((place / re.sub("NAME.*", "", one)).exists() for place in places)]
    assert lost == []


def test_every_file_that_the_architecture_names_is_there() -> None:
    """The journey too: a module that moved takes its mention with it."""
    text = (CHECKOUT / "docs" / "architecture.md").read_text("utf-8")
    named = [one for one in re.findall(r"`([\w./]+\.(?:py|toml))`", text) if "NAME" not in one]
    assert len(named) > 40
    lost = [one for one in named if not any((at / one).exists() for at in (ROOT, CHECKOUT))]
    assert lost == []
