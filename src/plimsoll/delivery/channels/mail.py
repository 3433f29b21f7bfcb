"""Mail: subject and plain text, which every telephone shows; updates answer the first message."""

import textwrap

from plimsoll.delivery.notice import Channel, Notice

_COLUMNS = 72


def _alert(notice: Notice, _: str) -> dict[str, str]:
    wrapped = [
        textwrap.fill(line, _COLUMNS, initial_indent="* ", subsequent_indent="  ", break_long_words=False)
        for line in notice.lines
    ]
    left = f"{notice.open_left} of this thread still open." if notice.open_left and notice.state == "resolved" else ""
    ids = "plimsoll snooze ID --until 2h says nothing of one for two hours. Ids:\n" + "\n".join(
        f"  {one.id}  {one.name}" for one in notice.subjects if one.closed is None
    )
    known = ids if any(one.closed is None for one in notice.subjects) else ""
    text = "\n\n".join(part for part in (f"{notice.fleet}", "\n".join(wrapped), left, known, notice.link) if part)
    return {"subject": notice.head, "text": text + "\n"}


CHANNEL = Channel(alert=_alert)
