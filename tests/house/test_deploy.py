"""What others deploy with holds together: each file is read, and held against the program and against the others."""

import re
import tomllib
from importlib import import_module
from typing import Any

from plimsoll.config import Layer, load
from plimsoll.project import builtin_root, sections
from tests.house.bill_of_materials import bill
from tests.shared import ROOT

DEPLOY = ROOT / "deploy"
yaml: Any = import_module("yaml")


def _manifests() -> dict[str, Any]:
    return {one["kind"]: one for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))}


def test_the_settings_of_the_manifest_are_settings() -> None:
    """The ConfigMap goes through the loader, and what it says of the service fits the ports and names of the others."""
    text = _manifests()["ConfigMap"]["data"]["config.toml"]
    built_in = Layer.read(builtin_root() / "config.toml", origin="built-in config.toml")
    load([built_in, Layer("config.toml", text)], sections())
    assert tomllib.loads(text)["serve"]["hosts"] == [_manifests()["Service"]["metadata"]["name"]]


def test_the_manifests_fit_one_another() -> None:
    """Labels, claim, settings and port are those that the others name; one replica, never two beside one another."""
    found = _manifests()
    deployment = found["Deployment"]["spec"]
    pod = deployment["template"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels == found["Service"]["spec"]["selector"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (1, "Recreate")
    volumes = {one["name"]: one for one in pod["volumes"]}
    claim = volumes["fleet"]["persistentVolumeClaim"]["claimName"]
    assert claim == found["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["config"]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    for container in (*pod["initContainers"], *pod["containers"]):
        assert {one["name"] for one in container["volumeMounts"]} == set(volumes)
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    port = pod["containers"][0]["ports"][0]["containerPort"]
    assert port == found["Service"]["spec"]["ports"][0]["targetPort"]
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_the_image_has_the_user_and_the_files_that_the_others_name() -> None:
    """It is built from what `make wheel` and the lock give, and does not run as root."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    user = _manifests()["Deployment"]["spec"]["template"]["spec"]["securityContext"]["runAsUser"]
    assert re.search(rf"^USER {user}$", text, re.MULTILINE)
    assert "--require-hashes -r /tmp/requirements.lock" in text
    assert (ROOT / "requirements.lock").is_file()


def test_the_role_is_whole() -> None:
    """Each task has a name and one module, each notified handler is there, each variable has a default."""
    tasks = yaml.safe_load((DEPLOY / "ansible" / "tasks" / "main.yml").read_text(encoding="utf-8"))
    handlers = yaml.safe_load((DEPLOY / "ansible" / "handlers" / "main.yml").read_text(encoding="utf-8"))
    defaults = yaml.safe_load((DEPLOY / "ansible" / "defaults" / "main.yml").read_text(encoding="utf-8"))
    for task in tasks:
        assert sum(key.startswith("ansible.builtin.") for key in task) == 1, task
        assert task["name"]
    assert {task["notify"] for task in tasks if "notify" in task} == {one["name"] for one in handlers}
    used = set(re.findall(r"\bplimsoll_\w+", str(tasks))) - {task.get("register") for task in tasks}
    assert used == set(defaults)


def test_a_bill_names_every_package_of_the_lock_with_hashes() -> None:
    """Each pinned line is a component, each has a hash; the version is the program's."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    made = bill(lock, "9.9.9")
    assert len(made["components"]) == len(re.findall(r"^\S+==", lock, re.MULTILINE)) > 40
    assert all(one["hashes"] and one["version"] in lock for one in made["components"])
    assert made["metadata"]["component"]["version"] == "9.9.9"


def test_hosted_ci_calls_what_decides_here() -> None:
    """GitHub and GitLab run `.ci/run` and nothing of their own, on the oldest and the newest Python of the metadata."""
    github = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    gitlab = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    job = github["jobs"]["everything"]
    named = re.findall(r":: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ends = [named[0], named[-1]]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["sudo --preserve-env=PATH .ci/run"]
    assert job["strategy"]["matrix"]["python"] == ends
    assert gitlab["everything"]["script"] == [".ci/run"]
    assert gitlab["everything"]["parallel"]["matrix"] == [{"PYTHON": ends}]
    assert github["permissions"] == {"contents": "read"}
