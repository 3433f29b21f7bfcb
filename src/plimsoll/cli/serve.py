"""`plimsoll serve` and `plimsoll token`: the HTTP service, and who may ask it."""

from typing import Annotated

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
