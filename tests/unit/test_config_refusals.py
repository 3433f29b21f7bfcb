"""Bad configuration is refused in one line that says what, where and what to do."""

import json
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from plimsoll.collectors.prometheus.settings import Probe, Target
from plimsoll.collectors.prometheus.targets import AddressMaker
from plimsoll.collectors.slurm.settings import Slurm
from plimsoll.config import MAX_FILE_BYTES, Duration, Layer, Section, load
from plimsoll.config.engine import Plimsoll
from plimsoll.delivery.settings import Recipient
from plimsoll.errors import BadParameter, ConfigError, UnknownSetting
from plimsoll.fleet.load_lines import LoadLine


class Collect(Section):
    """A section as the engine's own are written."""

    every: Annotated[Duration, Field(ge=1, le=3600)] = Field("30s")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    keep: int = 3
    names: tuple[str, ...] = ()


@pytest.mark.parametrize("zone", ["Mars/Base", "", "EST5EDT4", "../../etc/localtime", "/etc/localtime", "a\0b"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    """B06: by name; no path of the machine is opened."""
    with pytest.raises(ConfigError, match="timezone"):
        load([Layer("config.toml", f"[plimsoll]\ntimezone = {json.dumps(zone)}")], {"plimsoll": Plimsoll})


def test_one_address_under_two_names_is_one_mistake() -> None:
    """B08: both names are told; the same section twice is refused by the syntax."""
    target = Target.model_validate({"urls": ("http://x:1/metrics",), "mapping": "node"})
    with pytest.raises(BadParameter, match=r"targets\.b\.urls.*is scraped by targets\.a already"):
        AddressMaker({"a": target, "b": target}, interval_s=30.0).static()
    with pytest.raises(ConfigError, match=r"config\.toml: "):
        load([Layer("config.toml", "[targets.a]\n[targets.a]\n")], {"targets.*": Target})


@pytest.mark.parametrize(
    "address", ["a@b\r\nBcc: c@d", "a@", "@b", "a b@c", "<a@b>", "a@b,c@d", 'x"@b', "a@b\u202e", "a@b@c", "a@b\n"]
)
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    """B09: nothing that could end a header, hide a recipient, or be two."""
    text = f"[recipients.x]\naddress = {json.dumps(address)}"
    with pytest.raises(ConfigError, match="is not a mail address"):
        load([Layer("config.toml", text)], {"recipients.*": Recipient})


def test_placeholders_are_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """B16: nothing is put into a value; a secret is named by its variable, and stays where it is."""
    monkeypatch.setenv("SECRET", "hunter2")
    read = load([Layer("config.toml", '[plimsoll]\nname = "${SECRET} ${NOT_SET}"')], {"plimsoll": Plimsoll})
    assert read.get("plimsoll", Plimsoll).name == "${SECRET} ${NOT_SET}"


KINDS: dict[str, type[Section]] = {"collect": Collect, "collectors.host": Collect, "lines.*": LoadLine}


def refusal(text: str) -> str:
    """The one line that a config of this text is refused with."""
    with pytest.raises(ConfigError) as caught:
        load([Layer("config.toml", text)], KINDS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[collect]\nevry = '10s'", 'config.toml:2: unknown setting "evry"; did you mean "every"?'),
        ("[colect]\nevery = '10s'", 'config.toml:1: unknown setting "colect"; did you mean "collect"?'),
        ("[collectors.hst]\nkeep = 3", 'config.toml:1: unknown setting "hst"; did you mean "host"?'),
        ("collect = 3", "config.toml:1: collect is a section; write it as [collect]"),
        ("[collect]\n\nevery = 10", 'config.toml:3: [collect] every = "10": write a number and its unit in quotes'),
        ("[collect]\nevery = '10'", "is not a duration; write a number and a unit"),
        ("[collect]\nevery = '0.1s'", "greater than or equal to 1"),
        ("[collect]\nevery = '1e9h'", "is not a duration"),
        ("[collect]\nevery = true", 'every = "True": write a number and its unit'),
        ("[collect]\nkeep = '3'", 'config.toml:2: [collect] keep = "3": Input should be a valid integer'),
        ("[collect\n", "config.toml: "),
        ("[collect]\nkeep = 1\nkeep = 2", "config.toml: "),
        ("[lines.hot]\nabove = 90.0", "[lines.hot] metric: Field required"),
        ("[lines.hot]\nmetric = 'cpu_utilisation_pct'\nabove = 9", 'did you mean "cpu_utilization_pct"?'),
        ("[lines.hot]\nmetric = 'cpu_utilization_pct'\nabove = 101", "outside what cpu_utilization_pct can be"),
        ("[lines.hot]\nmetric = 'cpu_utilization_pct'", "exactly one of above and below"),
        ("[lines.hot]\nmetric = 'cpu_utilization_pct'\nabove = nan", "Input should be a finite number"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place_and_the_remedy(text: str, says: str) -> None:
    """B02, B03, B04, B12: file, line, key, and the nearest known name or the allowed values."""
    assert says in refusal(text)


def test_the_last_layer_wins_key_by_key_and_its_place_is_remembered() -> None:
    """A user's file changes one key and leaves its neighbors to the built-in."""
    config = load(
        [
            Layer(
                "built-in", "[collect]\nevery = '10s'\nkeep = 5\n[lines.cpu]\nmetric='cpu_utilization_pct'\nabove=90"
            ),
            Layer("config.toml", "[collect]\nnames = ['a']\nevery = '20s'\n[lines.cpu]\nabove = 80"),
        ],
        KINDS,
    )
    collect = config.get("collect", Collect)
    assert (collect.every, collect.keep, collect.names) == (20.0, 5, ("a",))
    assert config.get("lines.cpu", LoadLine).value == 80
    assert config.origins["collect", "every"] == "config.toml:3"
    assert config.origins["lines", "cpu", "metric"] == "built-in:5"


def test_an_unknown_name_keeps_its_facts() -> None:
    """Programs read the key and the suggestion from the error, not from its text."""
    with pytest.raises(UnknownSetting) as caught:
        load([Layer("config.toml", "[collect]\nkep = 1")], KINDS)
    assert (caught.value.key, caught.value.did_you_mean, caught.value.exit_code) == ("kep", "keep", 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "byte 0 is not UTF-8"),
        (b"#" * (MAX_FILE_BYTES + 1), "a config is at most"),
        (b"a = 1\x00", "config.toml: "),
    ],
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    """B01: not UTF-8, too large, or with a NUL byte."""
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        Layer.read(path).parsed()


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    """B01: each has its own text."""
    with pytest.raises(ConfigError, match="No such file"):
        Layer.read(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="is a folder"):
        Layer.read(tmp_path)


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    """B01: some editors write one."""
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf[collect]\nkeep = 4\n")
    config = load([Layer.read(tmp_path / "config.toml")], KINDS)
    assert config.get("collect", Collect).keep == 4


def test_a_refusal_repeats_no_credentials(tmp_path: Path) -> None:
    """B10: an address with a password in it is refused, and the password is not said."""
    (tmp_path / "config.toml").write_text('[targets.a]\nurls = ["http://ada:hunter2@x/"]\nmapping = "node"\n')
    with pytest.raises(ConfigError, match="holds credentials") as refused:
        load([Layer.read(tmp_path / "config.toml")], {"targets.*": Target}).under("targets", Target)
    assert "hunter2" not in str(refused.value)
    assert "http://***@x/" in str(refused.value)


def test_attributes_are_a_table_of_the_users_own_names() -> None:
    """`labels` in a target, a probe, a cluster, written in one line or as a section; other tables are still refused."""
    text = """
[targets.gpu-hosts]
urls = ["http://gpu-01:9100/metrics"]
mapping = "node"
labels = { owner = "vision", group = "h100" }
[probes.chat]
url = "https://llm.example.org/health"
[probes.chat.labels]
owner = "language"
[slurm.alps]
labels = { owner = "hpc" }
"""
    kinds: dict[str, type[Section]] = {"targets.*": Target, "probes.*": Probe, "slurm.*": Slurm}
    read = load([Layer("config.toml", text)], kinds)
    assert read.get("targets.gpu-hosts", Target).labels == {"owner": "vision", "group": "h100"}
    assert read.get("probes.chat", Probe).labels == {"owner": "language"}
    assert read.get("slurm.alps", Slurm).labels == {"owner": "hpc"}
    with pytest.raises(UnknownSetting, match="lables"):
        load([Layer("config.toml", text.replace('labels = { owner = "v', 'lables = { owner = "v'))], kinds)
