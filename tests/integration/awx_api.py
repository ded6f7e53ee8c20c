# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the API of AWX that keeps objects: what it refuses, what it returns, and what refers to what.

It is written after the source of AWX 24.6.1, and refuses what that refuses. It starts no job.
"""

from __future__ import annotations

import contextlib
import http.server
import itertools
import json
import re
import threading
import typing as t
import urllib.parse
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    import pathlib

Object = dict[str, t.Any]
TOKEN = "a-token-of-awx"
HIDDEN = "$encrypted$"
TEMPLATES = ("job_templates", "workflow_job_templates", "projects", "inventory_sources")
# The type of a default by the type of the question.
QUESTIONS = {"text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str,
             "integer": int, "float": (float, int)}  # fmt: skip
# What an object needs when it is created.
REQUIRED = {
    "labels": ("organization",),
    "execution_environments": ("image",),
    "projects": ("organization", "scm_type", "scm_url"),
    "credentials": ("credential_type", "inputs"),
    "credential_types": ("kind",),
    "inventories": ("organization",),
    "inventory_sources": ("inventory", "source", "source_project", "source_path"),
    "notification_templates": ("organization", "notification_type", "notification_configuration"),
    "job_templates": ("project", "inventory", "playbook", "job_type"),
    "workflow_job_templates": (),
    "workflow_job_template_nodes": ("identifier", "workflow_job_template"),
    "schedules": ("unified_job_template", "rrule"),
    "organizations": (),
}
# Fields with the number of another object, and its kind.
REFERENCES = {
    "organization": ("organizations",),
    "project": ("projects",),
    "source_project": ("projects",),
    "inventory": ("inventories",),
    "execution_environment": ("execution_environments",),
    "credential": ("credentials",),
    "credential_type": ("credential_types",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": (*TEMPLATES, "workflow_approval_templates"),
}
# The lists of an object, and the kind of what is in them.
LISTS = {
    "labels": "labels",
    "credentials": "credentials",
    "instance_groups": "instance_groups",
    "notification_templates_error": "notification_templates",
    "notification_templates_approvals": "notification_templates",
    "success_nodes": "workflow_job_template_nodes",
    "always_nodes": "workflow_job_template_nodes",
    "failure_nodes": "workflow_job_template_nodes",
    "teams": "teams",
}
ROLES = ("admin", "execute", "read", "approval")


class RefusedError(Exception):
    """What AWX answers with the status 400."""


@dataclass
class Awx:
    """The objects by kind and number. C(files) are those of the project, C(playbooks) those that AWX would list."""

    files: t.Collection[str]
    playbooks: t.Collection[str]
    objects: dict[str, dict[int, Object]] = field(default_factory=dict)
    lists: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    surveys: dict[int, Object] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    _numbers: t.Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.keep("organizations", {"name": "Default"})
        fields = [{"id": "username"}, {"id": "password", "secret": True}]
        self.keep("credential_types", {"name": "Machine", "kind": "ssh", "inputs": {"fields": fields}})

    def keep(self, kind: str, values: Object) -> Object:
        number = next(self._numbers)
        path = f"/api/v2/{kind}/{number}/"
        related = {"survey_spec": f"{path}survey_spec/"}
        roles = {f"{role}_role": {"id": f"{number}.{role}"} for role in ROLES}
        kept = {"id": number, "url": path, "type": kind, "related": related, "summary_fields": {"object_roles": roles}}
        self.objects.setdefault(kind, {})[number] = kept | {"scm_revision": "1"} | values
        return self.objects[kind][number]

    def named(self, kind: str) -> dict[str, Object]:
        """The objects of a kind by their names."""
        return {str(each.get("name") or each["identifier"]): each for each in self.objects.get(kind, {}).values()}

    def names(self, kind: str, name: str, of: str) -> list[str]:
        """The names in a list of an object."""
        listed = self.lists.get((str(self.named(kind)[name]["url"]), of), [])
        return [found for found, each in self.named(LISTS[of]).items() if each["id"] in listed]

    def answer(self, method: str, path: str, query: dict[str, str], body: Object) -> tuple[int, t.Any]:
        """The status and the response. Raises C(KeyError) for what is not there, and C(RefusedError)."""
        names = path.removeprefix("/api/v2/").strip("/").split("/")
        if method != "GET":
            self.writes.append(f"{method} {path}")
        kind = names[0]
        if len(names) == 1:
            if method == "POST":
                return 201, self.create(kind, body)
            found = [each for each in self._of(kind) if all(str(each.get(key)) == query[key] for key in query)]
            return 200, {
                "count": len(found),
                "next": None,
                "previous": None,
                "results": [shown(each) for each in found],
            }
        if kind == "roles":
            return self._list(method, f"/{names[1]}/", names[2], body)
        own = self.objects[kind][int(names[1])]
        if len(names) == 2:
            if method == "PATCH":
                self.check(kind, own | body, own["id"])
                own.update(body)
            return 200, shown(own)
        if names[2] == "survey_spec":
            if method == "POST":
                check_survey(body)
                self.surveys[own["id"]] = body
            if method == "DELETE":
                self.surveys.pop(own["id"], None)
            return 200, self.surveys.get(own["id"], {})
        if names[2] == "create_approval_template":
            approval = self.keep("workflow_approval_templates", body)
            own["unified_job_template"] = approval["id"]
            own["related"]["unified_job_template"] = approval["url"]
            return 201, approval
        return self._list(method, str(own["url"]), names[2], body)

    def create(self, kind: str, body: Object) -> Object:
        if missing := [name for name in REQUIRED[kind] if body.get(name) in (None, "")]:
            raise RefusedError(f"{kind} needs {missing}")
        self.check(kind, body, 0)
        return shown(self.keep(kind, body))

    def check(self, kind: str, body: Object, number: int) -> None:
        for name, kinds in REFERENCES.items():
            if body.get(name) is not None and not any(body[name] in self.objects.get(one, {}) for one in kinds):
                raise RefusedError(f"{name} {body[name]} of {kind} is not there")
        same = [each for each in self.objects.get(kind, {}).values() if each["id"] != number]
        scope = ("name", "organization", "credential_type", "inventory") if kind != "workflow_job_template_nodes" else (
            "identifier", "workflow_job_template")  # fmt: skip
        if any(all(each.get(key) == body.get(key) for key in scope) for each in same):
            raise RefusedError(f"{kind} {body.get('name')} is already there")
        if kind == "job_templates" and body["playbook"] not in self.playbooks:
            raise RefusedError(f"the project has no playbook {body['playbook']}")
        if kind == "inventory_sources" and body["source_path"] not in self.files:
            raise RefusedError(f"the project has no file {body['source_path']}")
        if kind == "credentials":
            given = self.objects["credential_types"][body["credential_type"]]["inputs"]
            known = {one["id"] for one in given["fields"]}
            if set(body["inputs"]) - known or not set(given.get("required", [])) <= set(body["inputs"]):
                raise RefusedError(f"the inputs {sorted(body['inputs'])} are not those of the type")
        if kind == "credential_types":
            known = {one["id"] for one in body.get("inputs", {}).get("fields", [])}
            used = set(re.findall(r"{{ *(\w+) *}}", json.dumps(body.get("injectors", {}))))
            if used - known:
                raise RefusedError(f"the injectors use {sorted(used - known)}, which are no fields")
        if kind == "schedules":
            if not re.fullmatch(r"DTSTART(;TZID=[\w/]+)?:\d{8}T\d{6}Z? RRULE:FREQ=\w+;.*INTERVAL=\d+.*", body["rrule"]):
                raise RefusedError(f"the rule {body['rrule']} cannot be read")
            self.check_answers(body["unified_job_template"], body.get("extra_data", {}))

    def check_answers(self, template: int, answers: Object) -> None:
        """Refuse answers to which the survey has no question, and required questions without an answer."""
        questions = {each["variable"]: each for each in self.surveys.get(template, {}).get("spec", [])}
        if unknown := sorted(set(answers) - set(questions)):
            raise RefusedError(f"{unknown} are not allowed on launch")
        if missing := sorted(name for name, one in questions.items() if one["required"] and name not in answers):
            raise RefusedError(f"{missing} have no value")
        for name, value in answers.items():
            if questions[name]["type"] == "multiplechoice" and value not in questions[name]["choices"]:
                raise RefusedError(f"{value} is no choice of {name}")

    def _of(self, kind: str) -> list[Object]:
        kinds = TEMPLATES if kind == "unified_job_templates" else (kind,)
        if kind not in ("unified_job_templates", "teams", "instance_groups", *REQUIRED):
            raise KeyError(kind)
        return [each for one in kinds for each in self.objects.get(one, {}).values()]

    def _list(self, method: str, url: str, name: str, body: Object) -> tuple[int, t.Any]:
        listed = self.lists.setdefault((url, name), [])
        if method == "GET":
            found = [self.objects[LISTS[name]][number] for number in listed]
            return 200, {"count": len(found), "next": None, "results": [shown(each) for each in found]}
        if body["id"] not in self.objects[LISTS[name]]:
            raise RefusedError(f"{LISTS[name]} {body['id']} is not there")
        if body.get("disassociate"):
            listed.remove(body["id"])
        else:
            listed.append(body["id"])
        return 204, None


def could_be_playbook(file: pathlib.Path) -> bool:
    """Whether AWX lists a file of a project as a playbook."""
    starts = re.compile(r"\s*-?\s*(hosts|(ansible\.builtin\.)?import_playbook):")
    return file.suffix in (".yml", ".yaml") and any(map(starts.match, file.read_text("utf-8").splitlines()))


def shown(kept: Object) -> Object:
    """An object without the secrets of a credential."""
    if not isinstance(kept.get("inputs"), dict) or "fields" in kept["inputs"]:
        return kept
    return kept | {"inputs": {name: HIDDEN if name == "password" else one for name, one in kept["inputs"].items()}}


def check_survey(survey: Object) -> None:
    """Refuse a survey that AWX refuses."""
    if not (isinstance(survey.get("name"), str) and isinstance(survey.get("description"), str) and survey.get("spec")):
        raise RefusedError("a survey needs name, description and questions")
    seen = set()
    for one in survey["spec"]:
        for name, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
            if not isinstance(one.get(name), kind):
                raise RefusedError(f"{name} of {one} is no {kind.__name__}")
        if one["type"] not in QUESTIONS:
            raise RefusedError(f"{one['type']} is no type of a question")
        if one["variable"] in seen:
            raise RefusedError(f"{one['variable']} is asked twice")
        seen.add(one["variable"])
        choice = one["type"] in ("multiplechoice", "multiselect")
        if choice and not one.get("choices"):
            raise RefusedError(f"{one['variable']} has no choices")
        default = one.get("default", "")
        if default == "":
            continue
        if isinstance(default, bool) or not isinstance(default, QUESTIONS[one["type"]]):
            raise RefusedError(f"the default {default!r} of {one['variable']} is of another type than {one['type']}")
        if choice and set(default.splitlines()) - set(one["choices"]):
            raise RefusedError(f"the default {default} of {one['variable']} is no choice")
        if one["type"] == "multiplechoice" and len(default.splitlines()) != 1:
            raise RefusedError(f"{one['variable']} has two defaults")


@contextlib.contextmanager
def serving(awx: Awx) -> t.Iterator[str]:
    """The address at which the API answers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            try:
                if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    status, value = 401, {"detail": "Authentication credentials were not provided."}
                else:
                    status, value = awx.answer(
                        self.command, parts.path, dict(urllib.parse.parse_qsl(parts.query)), body
                    )
            except KeyError as error:
                status, value = 404, {"detail": f"Not found: {error}"}
            except RefusedError as error:
                status, value = 400, {"__all__": [str(error)], "error": str(error)}
            data = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", "24.6.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = do  # noqa: N815

        def log_message(self, *_: t.Any) -> None:
            """Not on the terminal."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
