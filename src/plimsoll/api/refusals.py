"""Every refusal as JSON: status and `{"error": {"code", "message", "parameter", "allowed"}}`."""

from typing import Any

from plimsoll.errors import BadParameter, PlimsollError, TemporaryError, UnknownName, UsageError


class Busy(TemporaryError):
    """Too many heavy questions at once, or one that takes too long or too much."""


def error_body(code: str, message: str, **more: object) -> dict[str, Any]:
    """The body of a refusal."""
    return {"error": {"code": code, "message": message, "parameter": None, "allowed": None} | more}


def refusal(raised: PlimsollError) -> tuple[int, dict[str, Any]]:
    """(status, body) of one of our own errors."""
    if isinstance(raised, BadParameter):
        status, code = (404, "unknown") if isinstance(raised, UnknownName) else (400, "bad_parameter")
        allowed = list(raised.allowed) or None
        # the command line writes the same name as an option
        return status, error_body(code, str(raised), parameter=raised.name.lstrip("-"), allowed=allowed)
    if isinstance(raised, UsageError):
        return 400, error_body("bad_request", str(raised))
    return 503, error_body("busy" if isinstance(raised, Busy) else "unavailable", str(raised))
