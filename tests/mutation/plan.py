"""Which files `make mutants` changes (fixed before the first run), and the tests that are to notice."""

from typing import Final

PLAN: Final[dict[str, tuple[str, ...]]] = {
    "lake/format/files.py": ("tests/unit/lake/test_edges.py", "tests/faults/lake/test_every_operation_may_fail.py"),
    "lake/format/framing.py": ("tests/unit/lake/test_framing.py", "tests/unit/lake/test_a_stranger_s_segment.py"),
    "lake/format/manifest.py": (
        "tests/unit/lake/test_edges.py",
        "tests/faults/lake/test_an_older_manifest.py",
        "tests/faults/lake/test_damage.py",
    ),
    "lake/format/segments.py": (
        "tests/unit/lake/test_edges.py",
        "tests/unit/lake/test_what_is_appended_is_read.py",
        "tests/faults/lake/test_segments_that_are_there.py",
    ),
    "lake/maintain/cleaning.py": (
        "tests/unit/lake/test_what_may_go.py",
        "tests/faults/lake/test_damage.py",
        "tests/faults/lake/test_an_older_manifest.py",
    ),
    "lake/maintain/compaction.py": (
        "tests/unit/lake/test_what_may_go.py",
        "tests/unit/lake/test_what_is_appended_is_read.py",
        "tests/faults/lake/test_an_older_manifest.py",
        "tests/faults/lake/test_damage.py",
    ),
    "lake/maintain/retention.py": (
        "tests/unit/lake/test_what_may_go.py",
        "tests/unit/lake/test_edges.py",
        "tests/unit/lake/test_retention.py",
    ),
    "lake/read/integrity.py": ("tests/unit/lake/test_edges.py", "tests/faults/lake/test_damage.py"),
    "lake/read/merging.py": (
        "tests/unit/lake/test_edges.py",
        "tests/unit/lake/test_what_may_go.py",
        "tests/unit/lake/test_what_is_appended_is_read.py",
        "tests/unit/lake/test_rollups.py",
    ),
    "lake/shared/ingest.py": (
        "tests/unit/lake/test_what_may_go.py",
        "tests/unit/lake/test_a_stranger_s_segment.py",
        "tests/unit/lake/test_names_of_a_host.py",
    ),
    "lake/shared/names.py": ("tests/unit/lake/test_edges.py", "tests/unit/lake/test_names_of_a_host.py"),
    "lake/shared/validation.py": (
        "tests/unit/lake/test_edges.py",
        "tests/unit/lake/test_what_may_go.py",
        "tests/unit/lake/test_a_stranger_s_segment.py",
        "tests/unit/lake/test_shared_lake.py",
        "tests/unit/api/test_segments.py",
    ),
    "lake/sql.py": ("tests/unit/lake/test_edges.py", "tests/unit/lake/test_sql.py"),
    "ledger/outbox.py": (
        "tests/unit/delivery/test_edges.py",
        "tests/unit/delivery/test_handed_over.py",
        "tests/unit/ledger",
        "tests/unit/delivery/test_mail.py",
    ),
    "ledger/runs.py": (
        "tests/unit/delivery/test_edges.py",
        "tests/unit/ledger",
        "tests/faults/schedule/test_pauses_and_clock_steps.py",
    ),
    "schedule/clock_watch.py": (
        "tests/unit/schedule/test_edges.py",
        "tests/unit/schedule/test_steps.py",
        "tests/faults/schedule/test_clock_jumps.py",
    ),
    "schedule/cron.py": (
        "tests/unit/schedule/test_edges.py",
        "tests/unit/schedule/test_schedules_are_parsed.py",
        "tests/unit/schedule/test_local_time.py",
    ),
    "schedule/owed.py": (
        "tests/unit/schedule/test_edges.py",
        "tests/unit/schedule/test_owed.py",
        "tests/faults/schedule/test_pauses_and_clock_steps.py",
    ),
    "schedule/project_lock.py": ("tests/unit/schedule/test_edges.py", "tests/faults/schedule/test_one_owner.py"),
    "api/access.py": ("tests/unit/api/test_access.py", "tests/unit/api/test_tokens.py"),
    "api/connections.py": ("tests/unit/api/test_edges.py", "tests/unit/api/test_connections.py"),
    "api/segments.py": ("tests/unit/api/test_edges.py", "tests/unit/api/test_segments.py"),
    "api/tokens.py": (
        "tests/unit/api/test_edges.py",
        "tests/unit/api/test_tokens.py",
        "tests/unit/api/test_service.py::test_tokens_are_kept_as_hashes",
    ),
    "delivery/hosts.py": ("tests/unit/delivery/test_edges.py", "tests/unit/delivery/test_webhooks.py"),
    "delivery/http.py": (
        "tests/unit/delivery/test_handed_over.py",
        "tests/unit/delivery/test_webhooks.py",
        "tests/unit/delivery/test_deadlines.py",
    ),
    "delivery/message.py": (
        "tests/unit/delivery/test_edges.py",
        "tests/unit/delivery/test_mail.py",
        "tests/unit/publish/test_hostile_names.py",
    ),
    "delivery/smtp.py": (
        "tests/unit/delivery/test_handed_over.py",
        "tests/unit/delivery/test_mail.py",
        "tests/unit/delivery/test_deadlines.py",
    ),
    "delivery/notify.py": (
        "tests/unit/notify/test_edges.py",
        "tests/unit/notify/test_every_channel.py",
        "tests/unit/notify/test_states.py",
    ),
    "delivery/post.py": (
        "tests/unit/delivery/test_edges.py",
        "tests/unit/delivery/test_webhooks.py",
        "tests/unit/notify/test_every_channel.py",
    ),
    "ledger/notices.py": ("tests/unit/notify/test_edges.py", "tests/unit/notify/test_states.py"),
    "tasks/notify.py": (
        "tests/unit/notify/test_edges.py",
        "tests/unit/notify/test_states.py",
        "tests/unit/notify/test_in_time.py",
    ),
}
"""A file of src/plimsoll -> paths for pytest, the quickest first."""
