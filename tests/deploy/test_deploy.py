"""The files of deploy/, held to each other and to the code. Their schemas: `make manifests`."""

import json
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from samovar.sandboxes.seccomp import CALLS

DEPLOY = Path(__file__).parents[2] / "deploy"
CLUSTER = DEPLOY / "kubernetes"
GUIDE = DEPLOY.parent / "docs/guides/containers.md"
MOUNTS = {"mount", "umount2", "pivot_root", "unshare", "setns", "sethostname", "memfd_create"}
"""System calls that bubblewrap makes to build what a command sees."""


def told(path: Path) -> dict[str, str]:
    """Return the variables of an example file, those commented out too."""
    rows = re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", path.read_text(), re.MULTILINE)
    return dict(rows)


@pytest.fixture
def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.fixture
def manifests() -> dict[tuple[str, str], dict]:
    files = (p for p in CLUSTER.glob("*.yaml") if p.name != "kustomization.yaml")
    made = [one for file in files for one in yaml.safe_load_all(file.read_text())]
    return {(one["kind"], one["metadata"]["name"]): one for one in made}


def pods(manifests) -> dict[str, dict]:
    return {
        name: one["spec"]["template"]["spec"]
        for (kind, name), one in manifests.items()
        if kind in ("StatefulSet", "Deployment")
    }


def test_what_compose_asks_for_stands_in_the_example(compose):
    asked = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text()))
    assert asked <= told(DEPLOY / ".env.example").keys()


def test_no_secret_is_shipped():
    for example in (DEPLOY / ".env.example", CLUSTER / "secret.env.example"):
        given = told(example)
        assert given["SAMOVAR_WEB_TOKEN"] == ""
        assert not any(given.get(name) for name in given if name.endswith("_PASSWORD"))
    listed = subprocess.run(
        ["git", "check-ignore", "deploy/.env", "deploy/kubernetes/secret.env"],
        cwd=DEPLOY.parent,
        capture_output=True,
        text=True,
    )
    assert len(listed.stdout.splitlines()) == 2


def test_a_container_may_do_no_more_than_the_sandbox_needs(compose):
    for name in ("team", "worker"):
        service = compose["services"][name]
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert "no-new-privileges:true" in service["security_opt"]
        assert not {"privileged", "cap_add", "devices", "pid", "network_mode"} & service.keys()
        assert not any("docker.sock" in volume for volume in service["volumes"])


def test_what_checks_build_can_be_run(compose):
    for name in ("team", "worker"):
        [place] = compose["services"][name]["tmpfs"]
        folder, _, options = place.partition(":")
        assert folder == "/tmp"
        assert "exec" in options.split(","), "engines mount it noexec by default"


def test_the_dashboard_is_published_on_this_machine_alone(compose):
    [port] = compose["services"]["team"]["ports"]
    assert port.startswith("127.0.0.1:")
    outside, inside = re.fullmatch(r"127\.0\.0\.1:(\$\{.*?\}):(\$\{.*?\})", port).groups()
    assert outside == inside, "the dashboard answers to its own port only"


def test_the_filter_refuses_what_the_sandbox_does_not_need():
    filtered = json.loads((DEPLOY / "seccomp.json").read_text())
    assert filtered["defaultAction"] == "SCMP_ACT_ALLOW"
    [rule] = filtered["syscalls"]
    assert rule["action"] == "SCMP_ACT_ERRNO"
    known = CALLS["x86_64"].keys() | CALLS["aarch64"].keys()
    assert set(rule["names"]) <= known
    assert not MOUNTS & set(rule["names"])
    assert {"init_module", "bpf", "keyctl", "ptrace", "io_uring_setup"} <= set(rule["names"])
    assert f"{len(rule['names'])} other calls" in GUIDE.read_text()


def test_the_guide_tells_what_every_lifted_guard_costs(compose):
    rows = [row for row in GUIDE.read_text().splitlines() if row.startswith("| `")]
    for option in compose["services"]["team"]["security_opt"]:
        assert any(option.removesuffix(":true") in row.split("|")[1] for row in rows), option


def test_every_variable_for_samovar_is_one_it_reads():
    source = "\n".join(p.read_text() for p in (DEPLOY.parent / "src").rglob("*.py"))
    settings = (DEPLOY.parent / "docs/reference/settings.md").read_text()
    composed = {"PROJECT", "USER", "IMAGE", "PORT", "DATABASE_PASSWORD"}
    ours = {f"SAMOVAR_{name}" for name in composed}
    for example in (DEPLOY / ".env.example", CLUSTER / "secret.env.example"):
        for name in told(example):
            if name.startswith("SAMOVAR_") and name not in ours:
                assert name in source or name in settings, name


def begin(folder: Path, user: int, **asked: str) -> subprocess.CompletedProcess:
    """Run start.sh as somebody; what it asks of samovar is written into the folder."""
    said = {"samovar": 'echo "$@" >> "$HOME/said"', "id": f"echo {user}"}
    for name, does in said.items():
        (folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (folder / name).chmod(0o755)
    there = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), **asked}
    return subprocess.run([DEPLOY / "start.sh"], env=there, capture_output=True, text=True)


def test_the_start_begins_with_a_team_and_goes_on_as_the_engine(tmp_path):
    assert (DEPLOY / "start.sh").stat().st_mode & stat.S_IXUSR
    assert begin(tmp_path, 1000, SAMOVAR_REPOSITORY="/srv/project").returncode == 0
    assert begin(tmp_path, 1000, SAMOVAR_PORT="9000").returncode == 0
    up = f"up --home {tmp_path}/team --host 0.0.0.0 --port"
    assert (tmp_path / "said").read_text().splitlines() == [
        f"bootstrap {tmp_path}/team --repo /srv/project",
        f"{up} 8000",
        f"bootstrap {tmp_path}/team",
        f"{up} 9000",
    ]


def test_a_team_does_not_start_as_root(tmp_path):
    done = begin(tmp_path, 0)
    assert done.returncode == 2
    assert "set SAMOVAR_USER" in done.stderr
    assert not (tmp_path / "said").exists()


def test_the_user_of_the_image_has_a_name_and_the_home_of_the_volume():
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    [user] = re.findall(r"^USER (\d+)", dockerfile, re.MULTILINE)
    [home] = re.findall(r"^VOLUME (\S+)", dockerfile, re.MULTILINE)
    assert f"--uid {user} --home-dir {home} " in dockerfile
    assert f" HOME={home} " in dockerfile


def test_an_image_of_ones_own_can_be_named():
    [name] = re.findall(r"image: \$\{(\w+):-samovar\}", (DEPLOY / "compose.yaml").read_text())
    assert f"{name}=" in GUIDE.read_text()


def test_the_image_takes_only_what_it_names():
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    copied = [
        row for row in dockerfile.splitlines() if row.startswith("COPY ") and "--from" not in row
    ]
    sources = {word for row in copied for word in row.split()[1:-1] if not word.startswith("--")}
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert sources == {row[1:] for row in ignored if row.startswith("!")}
    assert all((DEPLOY.parent / source).exists() for source in sources)
    assert "--require-hashes" in dockerfile


def test_a_cluster_has_what_its_parts_name(manifests):
    listed = yaml.safe_load((CLUSTER / "kustomization.yaml").read_text())
    files = {p.name for p in CLUSTER.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(listed["resources"]) == files
    secrets = told(CLUSTER / "secret.env.example")
    for name, pod in pods(manifests).items():
        labels = labels_of(manifests, name)
        assert labels == {"app.kubernetes.io/name": name}
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            volumes = {v["name"] for v in pod.get("volumes", [])} | claims(manifests, name)
            assert {m["name"] for m in container["volumeMounts"]} <= volumes
            for row in container.get("env", []):
                reference = row.get("valueFrom", {}).get("secretKeyRef")
                assert reference is None or reference["key"] in secrets
    for (kind, name), one in manifests.items():
        if kind == "Service":
            assert one["spec"]["selector"] == {"app.kubernetes.io/name": name}
            ports = {p["name"] for p in pods(manifests)[name]["containers"][0]["ports"]}
            assert {p["targetPort"] for p in one["spec"]["ports"]} <= ports
    assert "@database/" in secrets["SAMOVAR_DATABASE_URL"]


def labels_of(manifests, name: str) -> dict:
    [one] = [m for (kind, n), m in manifests.items() if n == name and "template" in m["spec"]]
    labels = one["spec"]["template"]["metadata"]["labels"]
    assert one["spec"]["selector"]["matchLabels"] == labels
    return labels


def claims(manifests, name: str) -> set[str]:
    one = manifests.get(("StatefulSet", name), {"spec": {}})
    return {claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])}


def test_pods_of_the_team_have_no_rights_and_users_of_their_own(manifests):
    for name in ("team", "worker"):
        pod = pods(manifests)[name]
        assert pod["hostUsers"] is False
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        [container] = pod["containers"]
        context = container["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert "privileged" not in context


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")
def test_kustomize_puts_the_cluster_together(tmp_path):
    place = tmp_path / "kubernetes"
    shutil.copytree(CLUSTER, place)
    (place / "secret.env").write_text((place / "secret.env.example").read_text())
    done = subprocess.run(["kubectl", "kustomize", place], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = list(yaml.safe_load_all(done.stdout))
    assert {one["metadata"].get("namespace") for one in made if one["kind"] != "Namespace"} == {
        "samovar"
    }
    [secret] = [one["metadata"]["name"] for one in made if one["kind"] == "Secret"]
    used = re.findall(r"secretRef:\n\s+name: (\S+)", done.stdout)
    used += re.findall(r"secretKeyRef:\n\s+key: \S+\n\s+name: (\S+)", done.stdout)
    assert used.count(secret) == len(used) == 3
