"""`plimsoll serve` and `plimsoll token`: the HTTP service, and who may ask it."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode, urlsplit

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
from plimsoll.clock import duration_s
from plimsoll.config.engine import Serve
from plimsoll.delivery.settings import Mail
from plimsoll.errors import BadParameter
from plimsoll.project import Project

token = typer.Typer(no_args_is_help=True, help="Access to the HTTP service.")


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(serve)
    app.add_typer(token, name="token")


def serve(host: HostOption = None, port: PortOption = None, project: ProjectOption = None) -> None:
    """Runs the HTTP service and the live page, until SIGTERM or Ctrl-C."""
    from plimsoll.api.server import serve as run_server  # Starlette only where it serves

    run_server(open_project(project), the_clock(), host=host, port=port, serving=lambda url: say(f"serving on {url}"))


@token.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose token it is.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may see (region:R, type:T, resource:ID), or ship:HOST; repeatable; default: all."),
    ] = None,
    project: ProjectOption = None,
) -> None:
    """Makes a token and prints it once, alone on the last line."""
    from plimsoll.api.tokens import Tokens

    text = Tokens(open_to_write(project).data / "tokens.json").new(name, tuple(scope or ()), the_clock().now())
    say("This is printed once and kept nowhere:")
    typer.echo(text)


@token.command("link")
def link(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The token as which it signs in.")],
    to: Annotated[str, typer.Option(help="The page that it leads to.")] = "/",
    valid: Annotated[str, typer.Option(help="How long it can be used: 1m to 7d.")] = "1h",
    project: ProjectOption = None,
) -> None:
    """Makes a link that signs a browser in once, and prints it alone on the last line."""
    from plimsoll.api.links import Links
    from plimsoll.api.sign_in import SIGN_IN, safe_path
    from plimsoll.api.tokens import Tokens

    opened, known = open_to_write(project), Tokens(open_project(project).data / "tokens.json").all()
    token_meant = next((one for one in known if one.name == name), None)
    if token_meant is None:
        raise BadParameter("NAME", name, allowed=[one.name for one in known], why="is not a token")
    if safe_path(to) != to:
        raise BadParameter("--to", to, why="is not a page of the service, such as /reports/latest/daily.html")
    length, base = timedelta(seconds=duration_s(valid, name="--valid")), _base(opened)
    text = Links(opened.data).new(token_meant, now=the_clock().now(), valid=length)
    say("This works once, is printed once and kept nowhere:")
    typer.echo(f"{base}{SIGN_IN}?{urlencode({'link': text, 'next': to})}")


def _base(project: Project) -> str:
    """How people reach the service: as the button of mails does, else where it listens."""
    button = urlsplit(project.config().get("mail", Mail).link)
    if button.scheme and button.netloc:
        return f"{button.scheme}://{button.netloc}"
    settings = project.config().get("serve", Serve)
    name = settings.hosts[0] if settings.hosts else settings.host
    port = "" if settings.behind_proxy else f":{settings.port}"
    secure = settings.tls_certificate or settings.behind_proxy
    return f"{'https' if secure else 'http'}://{f'[{name}]' if ':' in name else name}{port}"


@token.command("list")
def list_tokens(project: ProjectOption = None, json: JsonOption = False) -> None:
    """Lists the tokens: names and scopes, never their text."""
    from plimsoll.api.tokens import Tokens

    known = Tokens(open_project(project).data / "tokens.json").all()
    if json:
        print_json([{"name": one.name, "scopes": list(one.scopes), "created": one.created} for one in known])
        return
    for one in known:
        typer.echo(f"{one.name:<24} {one.created:<21} {', '.join(one.scopes) or 'everything'}")


@token.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The token's name.")], project: ProjectOption = None
) -> None:
    """Takes a token back, at once."""
    from plimsoll.api.tokens import Tokens

    Tokens(open_to_write(project).data / "tokens.json").revoke(name)
    say(f"Token {name} revoked.")
