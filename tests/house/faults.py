"""Every fault and bad input that Plimsoll was designed against, what it promises then, and why a few have no test.

`docs/reference/faults.md` is written from this and from the docstrings of the tests: a test that holds a promise names
its code (F01, B01) there.
"""

import ast
import re
from typing import Final

from tests.house.checkout import python_files

FAULTS: Final[dict[str, str]] = {
    "F01": "Killed at any moment while collecting: every acknowledged reading is there, once.",
    "F02": "Ended at any operation of an append: the same, and nothing half written is left.",
    "F03": "Ended at any operation of a compaction: the old or the new files are seen, never both or neither.",
    "F04": "Ended while the manifest is written: the generation before is read.",
    "F05": "Ended between rendering, ledger and outbox: one report, one row, one message.",
    "F06": "Killed between the mail server's answer and the ledger: sent once more under the same Message-ID, counted; "
    "killed before the final dot: tried again as often as it takes.",
    "F07": "The answer to a mail is lost: tried once more, then given up, and status says so.",
    "F08": "The mail server is away for hours: collection goes on, the mails go out afterwards in their order.",
    "F09": "The mail server accepts and never speaks: a deadline ends it, others are served.",
    "F10": "Greylisting: one mail, later.",
    "F11": "One recipient of several is refused: the others have their mail, the refusal is shown with its words.",
    "F12": "No STARTTLS or a bad certificate: nothing in the clear, no password sent.",
    "F13": "The disk is full: one error, nothing damaged, work goes on when there is room.",
    "F14": "A sync fails: the file counts as lost and its rows are written to another.",
    "F15": "A file cannot be read: it is set aside and named, the rest answers.",
    "F16": "The file system became read-only: like a full disk, in its own words.",
    "F17": "Few descriptors and many targets: fewer at a time, none leaked.",
    "F18": "A flipped bit: found before use, a hundred times of a hundred.",
    "F19": "A file cut, emptied, replaced or gone: set aside or missing, named in the coverage.",
    "F20": "The end of an append is torn: only that append is missing.",
    "F21": "Damage in the middle: what comes after it is read as before.",
    "F22": "The manifest is damaged: the generation before is used; both: nothing is deleted, repair is asked for.",
    "F23": "The ledger is damaged: nothing is made twice, collecting goes on, the log says what to do.",
    "F24": "Two schedulers start at once: one runs, the other ends with 73 and names it.",
    "F25": "The owner is stopped for minutes: it is still the owner.",
    "F26": "The owner's child outlives it: the lock is free.",
    "F27": "A network file system: refused with the reason; a setting insists.",
    "F28": "Three days off: every window once, oldest first.",
    "F29": "Longer off than catch_up: older windows are noted as skipped.",
    "F30": "A laptop slept: as after a pause, without a burst of readings.",
    "F31": "The clock goes back two hours and returns: no window twice, no standstill.",
    "F32": "The clock jumps by years: not believed, nothing dropped, one line says so.",
    "F33": "Summer time in many zones, half hours and skipped midnights too: every local hour and day once.",
    "F34": "The rules of a zone change: windows that were made stay.",
    "F35": "No zone data: the start says which package is missing.",
    "F36": "A target refuses, redirects or fails: its own words, no other target is touched.",
    "F37": "A byte a second: one deadline ends the whole exchange.",
    "F38": "Endless bodies and gzip bombs: cut at the limit, in little memory.",
    "F39": "A page, JSON or nothing in place of an exposition: said with its beginning, escaped.",
    "F40": "An exporter or its host restarts: no negative rate, no spike, the interval is marked.",
    "F41": "A counter steps back a little: no reset, no spike.",
    "F42": "The same instants again, out of order, late: the last written wins, counted once.",
    "F43": "Too many series or names from one place: refused there, flagged, others are untouched.",
    "F44": "Labels that churn: bounded names and memory.",
    "F45": "Metrics, units and labels are renamed: the same readings, no step.",
    "F46": "NVML is missing, lost, hangs or crashes: other sources go on, the GPU is said to be down.",
    "F47": "Disks, interfaces and cgroups vanish while they are read: absent values, no exception.",
    "F48": "A Prometheus server is busy, torn or limited: smaller windows, typed errors.",
    "F49": "Slurm commands fail, hang or change their shape: a deadline, a tolerant reader.",
    "F50": "A dead network mount: skipped with the reason.",
    "F51": "A broken template, nothing but nulls, thousands of resources: a report all the same.",
    "F52": "A run is killed: one line, one more attempt, then given up.",
    "F53": "A job takes longer than its period: the next waits, no two at a time.",
    "F54": "A run that never gave a sign of life: closed by the next owner, made once more.",
    "F55": "Ending in any phase: within ten seconds; asked twice, at once.",
    "F56": "A broken config: the old one goes on. A changed schedule or zone: it begins where the last window ended.",
    "F57": "Two hundred heavy questions: 503 beyond the limit, memory stays bounded.",
    "F58": "Clients that read a byte at a time or say nothing: others are served.",
    "F59": "A file is replaced while it is read: its reader finishes.",
    "F60": "An older program meets a newer folder: refused, nothing written.",
    "F61": "Another owner, a wrong mode, a symbolic link: refused by path, never followed.",
    "F62": "Odd locales, zones, hash seeds, a closed output, no home: the same document, no crash.",
}
INPUTS: Final[dict[str, str]] = {
    "B01": "Config: missing, a folder, huge, not UTF-8, NUL: each its own words; a byte order mark is fine.",
    "B02": "Config: broken syntax and keys twice: refused with the place.",
    "B03": "Config: unknown keys: refused with the nearest known one.",
    "B04": "Config: intervals that are none, too short, too long: refused with what is right.",
    "B05": "Config: schedules that mean nothing: refused in one line.",
    "B06": "Config: time zones that are none: refused.",
    "B07": "Config: addresses of other schemes, with credentials or line ends: refused, no secret repeated.",
    "B08": "Config: the same name twice: named.",
    "B09": "Config: mail addresses with line ends, without a host, with hidden headers: refused.",
    "B10": "Config: secrets written where a variable is wanted: refused or hidden.",
    "B11": "Config: something else in the place of the data folder: refused by name.",
    "B12": "Config: limits that contradict or cannot be: refused by name.",
    "B13": "Config: retention of nothing: refused with the bound.",
    "B14": "Config: a hundred thousand resources: answered and reported, by a coarser granularity.",
    "B15": "Config: templates that cannot be drawn: named with their line.",
    "B16": "Config: placeholders in values.",
    "B17": "Command line: unknown commands and options: usage, exit 2.",
    "B18": "Command line: times that are none: refused with the right form.",
    "B19": "Command line: an output that cannot be written: no half file, one line.",
    "B20": "Command line: ids like options, patterns or markup: taken literally.",
    "B21": "Command line: a closed pipe: quiet.",
    "B22": "Command line: another user than the owner of the data: refused with the owner's name, nothing written.",
    "B23": "Import: wrong headers: the columns are named.",
    "B24": "Import: values that are no numbers: refused by row, neighbors come in.",
    "B25": "Import: times without unit, of the future or of 1970: refused.",
    "B26": "Import: files that are none, endless lines, bombs: cut, in one line.",
    "B27": "Import: JSON that is too deep or broken: refused by line.",
    "B28": "Import: the same file again: nothing new.",
    "B29": "Import: a bad row in many: a budget of errors; strict stops at one.",
    "B30": "Slurm: separators, line ends and escapes in names.",
    "B31": "Exposition: HTML, JSON, nothing: the target is down, with the reason.",
    "B32": "Exposition: values that are none: the line is refused alone.",
    "B33": "Exposition: quotes, braces, names: the line is refused alone.",
    "B34": "Exposition: types twice or late, families in parts: set right.",
    "B35": "Exposition: histograms that are not whole: repaired by rule, or no reading.",
    "B36": "Exposition: NaN, negative counters, blanks that look like numbers: missing.",
    "B37": "Exposition: instants of another time: dropped and counted.",
    "B38": "Exposition: scripts, formulas and escapes in label values: kept as text, inert.",
    "B39": "Exposition: names of any letters and lengths: kept or dropped, never acted on.",
    "B40": "Exposition: endless lines, CRLF, no newline at the end: a limit, or accepted.",
    "B41": "API: no token, a wrong one, odd letters, in the query: the same 401.",
    "B42": "API: `resource` that is none: 400 with the allowed ones.",
    "B43": "API: `timeRange` that is none: 400 with the allowed ones.",
    "B44": "API: `granularity` that is none: 400 with the allowed ones.",
    "B45": "API: a granularity longer than the range: 400.",
    "B46": "API: more values than the budget: 400 before anything is read.",
    "B47": "API: `metrics` in any wrong form: 400; repetitions count once.",
    "B48": "API: ids unknown, empty, too many: counted, or 400.",
    "B49": "API: regions that are none: 400 with the known ones.",
    "B50": "API: `aggregation` that is none: 400 with the allowed ones.",
    "B51": "API: a sum of percentages: answered as asked.",
    "B52": "API: unknown parameters: 400 with the nearest known one.",
    "B53": "API: one value given twice: 400.",
    "B54": "API: endless queries, broken percent escapes, overlong UTF-8: 414 or 400, never 500.",
    "B55": "API: other methods: 405 with what is allowed.",
    "B56": "API: foreign hosts: refused.",
    "B57": "API: other formats, encodings, ranges: the whole document.",
    "B58": "API: other spellings of a path: 404 in the same shape.",
    "B59": "API: booleans in other words: 400.",
    "B60": "API: neither bottlenecks nor recommendations: 200, without them.",
    "B61": "API: too short a range for advice: no advice is invented.",
    "B62": "Names: tags and scripts: inert in page, mail and documents.",
    "B63": "Names: templates and formats: literal.",
    "B64": "Names: formulas: text in every spreadsheet.",
    "B65": "Names: line ends: no header ends, no run ends.",
    "B66": "Names: paths: never used for files.",
    "B67": "Names: invisible, reversing and unpaired letters: shown as what they are.",
    "B68": "Names: control characters: escaped.",
    "B69": "Names: empty, endless, or like a value: refused, or kept as text.",
    "B70": "Names: the same display name many times: told apart by id.",
}
UNTESTED: Final[dict[str, str]] = {}
"""Codes without a test, and why."""
_CODE: Final = re.compile(r"\b[FB]\d\d\b")


def named_in_tests() -> dict[str, list[str]]:
    """Code -> the tests that name it in their docstring, or whose file does; a span (F01-F04) names nothing."""
    found: dict[str, list[str]] = {}
    for name, tree in python_files("tests"):
        for node in (tree, *ast.walk(tree)):
            if not isinstance(node, ast.Module | ast.FunctionDef):
                continue
            own = name.rpartition("/")[2] if isinstance(node, ast.Module) else node.name
            is_test = own.startswith("test_")
            said = re.sub(r"[FB]\d\d(-| to )[FB]\d\d", "", ast.get_docstring(node) or "") if is_test else ""
            for code in _CODE.findall(said):
                which = name if isinstance(node, ast.Module) else f"{name}::{node.name}"
                if which not in found.setdefault(code, []):
                    found[code].append(which)
    return found
