"""The service as clients meet it: parameters in every form, refusals by name, tags, files, tokens (B41-B61)."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from plimsoll.api.documents import ROUTES
from plimsoll.api.listening import allowed
from plimsoll.api.tokens import Tokens
from plimsoll.cli import run
from plimsoll.config.engine import Serve
from plimsoll.errors import BadParameter
from plimsoll.lake import Lake
from plimsoll.tables import RESOURCES
from tests.services import Service, demo_project, served
from tests.shared import shared_path

PERFORMANCE = "/v2/monitoring/performance"
SCHEMAS = {"": "performance", "/optimization": "optimization", "/anomalies": "anomalies"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Without tokens, on loopback."""
    root = tmp_path_factory.mktemp("service") / "project"
    fleet = demo_project(root, config="[serve]\nrequests_per_minute = 100000\n")
    assert run(["report", "daily", "--project", str(root)]) == 0
    with served(root, fleet) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, service: Service) -> Iterator[tuple[Service, str, str]]:
    """The same fleet behind two tokens: one sees everything, one sees a region."""
    root = tmp_path_factory.mktemp("guarded") / "project"
    (root / "data").mkdir(parents=True)
    (root / "config.toml").write_text("[plimsoll]\n[serve]\nwrong_tokens_per_minute = 1000\n", encoding="utf-8")
    (root / "data" / "lake").symlink_to(service.root / "data" / "lake")
    tokens = Tokens(root / "data" / "tokens.json")
    whole = tokens.new("ci", (), service.fleet.until)
    part = tokens.new("east", ("region:us-east-1",), service.fleet.until)
    with served(root, service.fleet) as running:
        yield running, whole, part


@pytest.mark.parametrize("route", SCHEMAS)
def test_documents_are_those_of_the_specification(service: Service, route: str) -> None:
    """Valid against the published schemas, with a tag that says 304 while nothing changes."""
    reply = service.ask(PERFORMANCE + route)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    schema = json.loads(shared_path("spec", "schemas", f"{SCHEMAS[route]}.schema.json").read_bytes())
    jsonschema.validate(reply.json(), schema)
    again = service.ask(PERFORMANCE + route, headers={"If-None-Match": reply.headers["etag"]})
    assert again.status in (200, 304)
    assert again.status == 200 or again.body == b""


def test_both_array_forms_and_pythons_booleans(service: Service) -> None:
    """B47, B59, B60: repeated, with brackets, percent-encoded; repetitions collapse."""
    plain = f"{PERFORMANCE}?granularity=5m&metrics=cpu_utilization&metrics=gpu_utilization&metrics=cpu_utilization"
    brackets = f"{PERFORMANCE}?granularity=5m&metrics[]=cpu_utilization&metrics%5B%5D=gpu_utilization"
    one, two = service.ask(plain), service.ask(brackets)
    assert one.status == two.status == 200
    assert one.json()["resources"] == two.json()["resources"]
    python = service.ask(f"{PERFORMANCE}/optimization?analyzeBottlenecks=True&includeRecommendations=FALSE")
    assert python.status == 200
    assert "recommendations" not in python.json()["resources"][0]
    neither = service.ask(f"{PERFORMANCE}/optimization?analyzeBottlenecks=0&includeRecommendations=0&timeRange=5m")
    assert neither.status == 200


@pytest.mark.parametrize(
    ("query", "parameter", "named"),
    [
        ("resource=cluster", "resource", "clusters"),
        ("resource=", "resource", "clusters"),
        ("resource=all,clusters", "resource", "clusters"),
        ("timeRange=2h", "timeRange", "1h"),
        ("timeRange=%201h", "timeRange", "1h"),
        ("timeRange=%D9%A7d", "timeRange", "7d"),
        ("granularity=30s", "granularity", "10s"),
        ("timeRange=5m&granularity=1d", "granularity", "1m"),
        ("metrics=cpu", "metrics", "cpu_utilization"),
        ("metrics=cpu_utilization,gpu_utilization", "metrics", "cpu_utilization"),
        ("metrics[]=", "metrics", "cpu_utilization"),
        ("metrics[0]=cpu_utilization", "metrics[0]", "metrics"),
        ("regions=us-east-2", "regions", "us-east-1"),
        ("aggregation=p50", "aggregation", "p95"),
        ("aggregation=AVG", "aggregation", "avg"),
        ("timerange=1h", "timerange", "timeRange"),
        ("timeRange=1h&timeRange=6h", "timeRange", None),
        ("timeRange[]=1h", "timeRange[]", "timeRange"),
        ("resourceIds=", "resourceIds", None),
        ("resourceIds=%00", "query", None),
        ("resource=%ff", "query", None),
    ],
)
def test_wrong_parameters_are_refused_by_name(service: Service, query: str, parameter: str, named: str | None) -> None:
    """400, the parameter, what is allowed; nothing of the request is echoed raw.

    B42, B43, B44, B45, B47, B48, B49, B50, B52, B53.
    """
    reply = service.ask(f"{PERFORMANCE}?{query}")
    assert reply.status == 400
    refusal = reply.json()["error"]
    assert refusal["parameter"] == parameter
    assert named is None or named in refusal["allowed"]


def test_too_much_is_refused_before_anything_is_read(service: Service) -> None:
    """B46, B54, B59: the finest granularity that fits is named; too long a query is 414."""
    reply = service.ask(f"{PERFORMANCE}?timeRange=30d&granularity=10s")
    assert reply.status == 400
    assert "or coarser" in reply.json()["error"]["message"]
    assert service.ask(f"{PERFORMANCE}?resource={'x' * 40_000}").status == 414
    assert service.ask(f"{PERFORMANCE}/optimization?analyzeBottlenecks=yes").status == 400
    assert service.ask(f"{PERFORMANCE}/anomalies?threshold=-1").status == 400


def test_pages_are_asked_for_one_after_the_other(service: Service) -> None:
    """Only with a limit; the Link header asks for the next page, and the last page has none."""
    whole = [one["resourceId"] for one in service.ask(f"{PERFORMANCE}?granularity=5m").json()["resources"]]
    path, seen = f"{PERFORMANCE}?granularity=5m&limit=10", list[str]()
    for _ in range(3):
        reply = service.ask(path)
        seen += [one["resourceId"] for one in reply.json()["resources"]]
        path = reply.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert path == ""
    assert sorted(seen) == sorted(whole)
    assert service.ask(f"{PERFORMANCE}?cursor=a").json()["error"]["parameter"] == "cursor"


def test_a_published_file_that_the_client_has_is_not_sent_again(service: Service) -> None:
    """Feeds and reports have a tag; 304 by it, in each of the forms in which clients send it."""
    reply = service.ask("/feeds/latest/performance.json")
    tag = reply.headers["etag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = service.ask("/feeds/latest/performance.json", headers={"If-None-Match": sent})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert service.ask("/feeds/latest/performance.json", headers={"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("&".join(f"resourceIds={n}" for n in range(1000)), 200),
        ("&".join(f"metrics={'cpu_utilization'}" for _ in range(1000)), 200),
        ("resource=%zz", 400),
        ("resource=%C0%AF", 400),
        ("resource=+all", 400),
        ("&&&", 200),
        ("=", 400),
    ],
)
def test_odd_queries_are_answered_or_refused(service: Service, query: str, status: int) -> None:
    """B54: many parameters, broken percent escapes, overlong UTF-8, empty pairs: never 500."""
    assert service.ask(f"{PERFORMANCE}?granularity=5m&{query}").status == status


@pytest.mark.parametrize(
    "headers", [{"Accept": "text/csv"}, {"Accept-Encoding": "br"}, {"If-None-Match": '"wrong"'}, {"Range": "bytes=0-1"}]
)
def test_other_wishes_get_the_whole_document(service: Service, headers: dict[str, str]) -> None:
    """B57: JSON as it is, whatever else would have been liked."""
    reply = service.ask(f"{PERFORMANCE}?granularity=5m", headers=headers)
    assert reply.status == 200
    assert reply.json()["resources"]


def test_what_is_large_is_compressed_for_those_who_want_it(service: Service) -> None:
    """By a tenth and more."""
    plain = service.ask(f"{PERFORMANCE}?granularity=1m")
    packed = service.ask(f"{PERFORMANCE}?granularity=1m", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 3


def test_unknown_ids_are_counted_not_refused(service: Service) -> None:
    """B48: the known ones are answered."""
    known = service.fleet.members[0].resource_id
    reply = service.ask(f"{PERFORMANCE}?granularity=5m&resourceIds={known}&resourceIds=nobody")
    assert reply.status == 200
    assert [r["resourceId"] for r in reply.json()["resources"]] == [known]
    assert reply.headers["plimsoll-unknown-resource-ids"] == "1"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_it_only_reads(service: Service, method: str) -> None:
    """B55: 405 with what is allowed; HEAD is fine."""
    reply = service.ask(PERFORMANCE, method=method)
    assert reply.status == 405
    assert "GET" in reply.headers["allow"]
    assert service.ask(PERFORMANCE, method="HEAD").status == 200


@pytest.mark.parametrize(
    "path",
    [
        f"{PERFORMANCE}/",
        "//v2/monitoring/performance",
        "/v2/monitoring/PERFORMANCE",
        "/reports/../../config.toml",
        "/reports/%2e%2e/%2e%2e/config.toml",
        "/reports/latest/.lock",
        "/reports/latest/nothing.json",
        "/feeds/latest/..%2f..%2fledger.sqlite",
        "/feeds/",
    ],
)
def test_other_paths_are_404_in_the_same_shape(service: Service, path: str) -> None:
    """B58: also those that want to leave the folder."""
    reply = service.ask(path)
    assert reply.status == 404
    assert reply.json()["error"]["code"] == "not_found"


def test_foreign_host_names_are_refused(service: Service) -> None:
    """B56: DNS rebinding ends here."""
    reply = service.ask(PERFORMANCE, headers={"Host": "evil.example:80"})
    assert reply.status == 400
    assert reply.json()["error"]["code"] == "unknown_host"
    assert service.ask("/healthz", headers={"Host": f"localhost:{service.port}"}).status == 200


def test_security_headers_are_everywhere(service: Service) -> None:
    """Also on refusals; no version is told."""
    for path in ("/", PERFORMANCE + "?granularity=5m", "/nothing", "/reports/latest/daily.html"):
        headers = service.ask(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_published_files_are_served(service: Service) -> None:
    """The page, the documents, and the manifest that names them."""
    manifest = service.ask("/feeds/latest/manifest.json").json()
    for name, entry in manifest["files"].items():
        assert len(service.ask(f"/feeds/latest/{name}").body) == entry["bytes"]
    assert b"served fleet" in service.ask("/reports/latest/daily.html").body


def test_the_description_is_complete(service: Service) -> None:
    """OpenAPI 3.1 with every parameter that the routes take."""
    described = service.ask("/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    for path in ROUTES:
        route = described["paths"].pop(path)["get"]
        if path == PERFORMANCE:
            assert {p["name"] for p in route["parameters"]} >= {"timeRange", "metrics", "aggregation"}
        assert {"200", "304", "400", "401", "429", "503"} <= set(route["responses"])
    told = {(path, method) for path, route in described["paths"].items() for method in route}
    assert told == {("/v1/segments", "get"), ("/v1/segments/{table}/{name}", "post")}


def test_nobody_ships_without_a_token(service: Service) -> None:
    """Also where everybody may read: 401 with the scheme, and how to make one."""
    for path, method in (("/v1/segments", "GET"), ("/v1/segments/samples/s-1.arrows", "POST")):
        reply = service.ask(path, method=method)
        assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
        assert "plimsoll token new NAME --scope ship:HOST" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer ", "Basic eDp5", "Bearer plm_wrong", "Bearer \u00e9\u00e8", "bearer"]
)
def test_without_a_right_token_nothing_is_told(guarded: tuple[Service, str, str], header: str | None) -> None:
    """B41: the same 401 for all of them, with the scheme; a token in the query opens nothing."""
    service, whole, _ = guarded
    headers = {} if header is None else {"Authorization": header.encode().decode("latin-1")}
    reply = service.ask(PERFORMANCE, headers=headers)
    assert reply.status == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.body == service.ask(PERFORMANCE).body
    assert service.ask(f"{PERFORMANCE}?token={whole}").status == 401
    assert service.ask("/healthz").status == 200


def test_a_token_sees_what_its_scopes_say(guarded: tuple[Service, str, str]) -> None:
    """And a revoked one nothing, at once."""
    service, whole, part = guarded
    every = service.ask(f"{PERFORMANCE}?granularity=5m", headers={"Authorization": f"Bearer {whole}"}).json()
    some = service.ask(f"{PERFORMANCE}?granularity=5m", headers={"Authorization": f"Bearer {part}"}).json()
    assert {r["region"] for r in some["resources"]} == {"us-east-1"}
    assert len(every["resources"]) == 24 > len(some["resources"]) > 0
    assert service.ask("/feeds/latest/manifest.json", headers={"Authorization": f"Bearer {part}"}).status == 403
    assert service.ask("/feeds/latest/manifest.json", headers={"Authorization": f"Bearer {whole}"}).status == 404
    tokens = Tokens(service.root / "data" / "tokens.json")
    once = tokens.new("gone", (), service.fleet.until)
    assert service.ask("/openapi.json", headers={"Authorization": f"Bearer {once}"}).status == 200
    tokens.revoke("gone")
    assert service.ask("/openapi.json", headers={"Authorization": f"Bearer {once}"}).status == 401


def test_the_description_tells_a_token_its_own_regions(tmp_path: Path, service: Service) -> None:
    """Which regions other tenants have stands nowhere, beside the four of the specification."""
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    (root / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    at = datetime.now(UTC) - timedelta(minutes=5)
    facts = [
        {"ts": at, "resource_id": one, "source": "t", "name": one, "type": "cluster", "region": region}
        for one, region in (("a", "mars-1"), ("b", "venus-1"))
    ]
    Lake(root / "data" / "lake").append(RESOURCES, RESOURCES.frame(facts), collector="t")
    tokens = Tokens(root / "data" / "tokens.json")
    asking = {"mars": tokens.new("mars", ("region:mars-1",), at), "all": tokens.new("all", (), at)}
    with served(root, service.fleet) as running:
        said = {
            who: running.ask("/openapi.json", headers={"Authorization": f"Bearer {text}"}).body.decode()
            for who, text in asking.items()
        }
    assert "mars-1" in said["mars"]
    assert "venus-1" not in said["mars"]
    assert "venus-1" in said["all"]


def test_who_guesses_has_to_wait(tmp_path: Path, service: Service) -> None:
    """After some wrong tokens in a minute nothing is compared any more; so with too many questions."""
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    limits = "wrong_tokens_per_minute = 3\nrequests_per_minute = 5\n"
    (root / "config.toml").write_text(f"[plimsoll]\n[serve]\n{limits}", encoding="utf-8")
    text = Tokens(root / "data" / "tokens.json").new("ci", (), service.fleet.until)
    with served(root, service.fleet) as running:
        wrong = [running.ask("/openapi.json", headers={"Authorization": "Bearer no"}) for _ in range(5)]
        assert [reply.status for reply in wrong] == [401, 401, 401, 429, 429]
        assert wrong[-1].headers["retry-after"] == "60"
        right = [running.ask("/openapi.json", headers={"Authorization": f"Bearer {text}"}) for _ in range(7)]
        assert [reply.status for reply in right] == [200] * 5 + [429] * 2


def test_tokens_are_kept_as_hashes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text is printed once, alone on the last line; the file is its owner's; names are refused twice."""
    (tmp_path / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    project = ["--project", str(tmp_path)]
    assert run(["token", "new", "ci", "--scope", "region:us-east-1", *project]) == 0
    text = capsys.readouterr().out.splitlines()[-1]
    file = tmp_path / "data" / "tokens.json"
    assert text.startswith("plm_")
    assert text not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert run(["token", "new", "ci", *project]) == 2
    assert run(["token", "new", "x", "--scope", "planet:mars", *project]) == 2
    assert run(["token", "list", *project]) == 0
    assert "region:us-east-1" in capsys.readouterr().out
    assert run(["token", "revoke", "nobody", *project]) == 2
    assert run(["token", "revoke", "ci", *project]) == 0


def test_it_does_not_listen_further_unguarded() -> None:
    """Loopback always; elsewhere with tokens and with TLS here or in a proxy before it."""
    plain, proxied = Serve.model_validate({}), Serve.model_validate({"behind_proxy": True})
    for host in ("127.0.0.1", "::1", "localhost"):
        allowed(host, plain, tokens=False)
    with pytest.raises(BadParameter, match="make a token first"):
        allowed("0.0.0.0", proxied, tokens=False)  # noqa: S104 - that it is refused is the test
    with pytest.raises(BadParameter, match="tls_certificate"):
        allowed("192.0.2.7", plain, tokens=True)
    allowed("192.0.2.7", proxied, tokens=True)
    with pytest.raises(BadParameter, match="is not an address"):
        allowed("example.org", plain, tokens=True)


def test_the_service_tells_of_itself(service: Service) -> None:
    """Requests by route and status, memory, each job's last good end; foreign paths are one series."""
    for n in range(5):
        service.ask(f"/scan/{n}.php")
    text = service.ask("/metrics").body.decode()
    assert re.search(r'plimsoll_requests_total\{route="other",status="404"\} \d+', text)
    assert re.search(r'plimsoll_requests_total\{route="performance",status="200"\} \d+', text)
    assert re.search(r"plimsoll_resident_memory_bytes \d{7,}", text)
    assert re.search(r'plimsoll_job_last_success_timestamp_seconds\{job="daily_report"\} \d+', text)
    assert "scan" not in text


def test_reports_can_be_looked_through(service: Service) -> None:
    """The last ones and those of each day; every link leads somewhere."""
    reply = service.ask("/reports")
    links = re.findall(r'href="(/reports/[^"]+)"', reply.body.decode())
    assert "/reports/latest/daily.html" in links
    assert len(links) > 6
    assert {service.ask(link).status for link in links} == {200}


def test_the_log_has_no_secrets(guarded: tuple[Service, str, str]) -> None:
    """One line a request: who, what, how it ended; no query, no token, no control character."""
    service, whole, _ = guarded
    service.ask(f"{PERFORMANCE}?granularity=5m&resourceIds=secret-id", headers={"Authorization": f"Bearer {whole}"})
    service.ask("/%1b[2Jx", headers={"Authorization": f"Bearer {whole}"})
    text = (service.root / "serve.log").read_text(encoding="utf-8")
    assert re.search(rf"127\.0\.0\.1 ci GET {PERFORMANCE} 200 \d+ ms", text)
    assert "secret-id" not in text
    assert whole not in text
    assert "\x1b" not in text
