"""`plimsoll config check` finds what would otherwise fail at the first reading, and says where it stands."""

from pathlib import Path

import pytest

from plimsoll.cli import run


def _checked(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """(exit code, what was said) for settings."""
    (folder / "config.toml").write_text(f"[plimsoll]\n{text}", encoding="utf-8")
    code = run(["config", "check", "--project", str(folder)])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[targets.a]\nurls = ["http://x:1/m"]\nmapping = "nodes"\n',
            '4: [targets.a] mapping "nodes" is not a map',
        ),
        ('[backfill.b]\nmapping = "own"\nurl = "http://x:1"\n', '3: [backfill.b] mapping "own" is not a mapping'),
        ('[target.a]\nurls = ["http://x:1/m"]\n', '2: unknown setting "target"; did you mean "targets"?'),
        ('\n[recipient.me]\naddress = "a@b"\n', '3: unknown setting "recipient"; did you mean "recipients"?'),
    ],
)
def test_a_mistake_is_one_line_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    """File, line, what, and what would do."""
    code, line = _checked(tmp_path, text, capsys)
    assert code == 2
    assert f"config.toml:{said}" in line
    assert line.count("\n") == 1


def test_a_mapping_of_the_project_is_read_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of your own is right when it can be read, and refused with what is wrong in it."""
    text = '[targets.a]\nurls = ["http://x:1/m"]\nmapping = "own"\n'
    (tmp_path / "mappings").mkdir()
    own = tmp_path / "mappings" / "own.toml"
    own.write_text('[[rules]]\nmetric = "queue_depth_count"\nfamilies = ["q"]\n', encoding="utf-8")
    assert _checked(tmp_path, text, capsys)[0] == 0
    own.write_text('[[rules]]\nmetric = "queue_length"\nfamilies = ["q"]\n', encoding="utf-8")
    code, line = _checked(tmp_path, text, capsys)
    assert code == 2
    assert "[targets.a] mappings/own.toml: rules.0.metric" in line
