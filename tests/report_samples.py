# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluations for reports: a small one, a hostile one, a large one, and one without faults."""

from __future__ import annotations

import collections
import copy
import json
import random
import typing as t

Row = dict[str, t.Any]

# Hostile names: markup, closing tags and quotes, characters that XML forbids, invisible characters, syntax of Markdown
# and CI tools, and long text.
HOSTILE = (
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "</style></title></textarea><img src=x onerror=\"document.title='owned'\">",
    "]]><owned/>",
    "<!--",
    "\" onmouseover=\"document.title='owned'\" x='",
    "' autofocus onfocus='document.title=1",
    "javascript:document.title='owned'",
    "[owned](javascript:document.title='owned')",
    "![owned](https://owned.example/x.png)",
    "`owned` ``owned`` ```",
    "```\n# owned\n<owned>\n```",
    "a|b|c\n|---|---|\n|owned|owned|",
    "a\\|b",
    "\n# owned\n\n- owned\n",
    "1. owned",
    "~~~\nowned\n~~~",
    "@all @owner #1 !1 $x^2$",
    "&lt;owned&gt; &amp; &#60;owned&#62;",
    "{{ 7 * 7 }}{% raw %}{# owned #}",
    "${owned} $(owned) %owned%",
    "nul\x00bell\x07escape\x1b[31mred\x1b[0m delete\x7f next\x85line",
    "gnp\u202egpj.exe\u2066isolated",
    "zero\u200bwidth\ufeffand\u00adsoft",
    "line\u2028separator\u2029paragraph",
    "not\ufffea\uffffcharacter",
    "half\ud800pair",
    "tag\U000e0041\U000e0042",
    "\r\nreturn\rreturn",
    "Ünïcödé 名前 שם 🖥",
    "x" * 5000,
    "very long " * 400,
)


def rule(name: str, severity: str, layer: str, title: str, why: str, **more: t.Any) -> Row:
    """A rule with a question and a source."""
    remedy = {"kind": "manual", "text": f"Check {name}."}
    about: Row = {
        "id": name, "title": title, "severity": severity, "layer": layer, "why": why, "remedy": remedy,
        "question": "Is it configured so that a move does not disturb the mailbox servers?",
        "source": ["https://learn.microsoft.com/en-us/exchange/virtualization", "the Exchange guidance"],
        "applies": "Windows Server 2012 and later",
    }  # fmt: skip
    return about | more


RULES = (
    rule("offline-action", "error", "virtual_machine", "VM is saved, not shut down, when the cluster takes it offline",
         "Exchange does not support a saved state. After it is restored, the memory of the member does not match its "
         "databases."),
    rule("automatic-stop", "warning", "virtual_machine", "VM is saved, not shut down, when its host shuts down",
         "Hyper-V uses this action if the cluster does not move the virtual machine first."),
    rule("heartbeat", "error", "dag", "DAG heartbeat timeout is too long",
         "The databases of a failed member stay offline until the timeout ends."),
    rule("jumbo-path", "error", "network", "Path between nodes does not carry jumbo frames",
         "One switch port without jumbo frames makes a live migration slow or stops it."),
    rule("receive-buffers", "warning", "network", "Live-migration adapter has too few receive buffers",
         "Without a free buffer, packets are dropped and resent."),
    rule("drain-priority", "error", "cluster", "VM is saved, not live migrated, when its node is drained",
         "A drain saves virtual machines with a low priority, whatever their offline action is."),
    rule("hotfixes", "warning", "cluster", "Recommended hotfix is not listed as installed",
         "The hotfixes fix known faults of clusters under load."),
    rule("removed-nodes", "notice", "cluster", "Nodes were removed from the active membership (event 1135)",
         "Windows logs event 1135 when no heartbeat of a node arrived within the timeout."),
    rule("service-pack", "error", "exchange", "Exchange version does not support live migration",
         "Live migration of mailbox servers is supported from Exchange 2010 SP1 on."),
    rule("autodiscover-uri", "error", "exchange", "Internal Autodiscover URI contains a server name",
         "If that server is down, the clients that got its name have no Autodiscover."),
    rule("principal-names", "error", "directory", "Planned service principal name is not registered",
         "Without it clients fall back to NTLM."),
    rule("array-alias", "warning", "dns", "CAS array name is an alias",
         "Outlook can request the ticket for the name that the alias points to."),
    rule("federation-certificate", "warning", "federation", "Federation certificate expires soon",
         "After it expires, calendar sharing with partners fails."),
)  # fmt: skip

_TASK = """- name: Shut virtual machines down when the cluster takes them offline
  hosts: {host}
  tasks:
    - winha.cluster.vm_offline_action:
        virtual_machines: [{subject}]
        offline_action: shut_down
"""


def finding(name: str, host: str, subject: str = "", outcome: str = "pass", **more: t.Any) -> Row:
    """A finding of the rule C(name)."""
    about: Row = {
        "rule": name, "host": host, "subject": subject, "outcome": outcome, "severity": None, "expected": "",
        "found": "", "text": "", "why_unknown": None, "accepted": None, "remedy": None, "status": None, "place": {},
    }  # fmt: skip
    return about | more


def small() -> Row:
    """A Hyper-V cluster of four nodes, a DAG of four members, a domain controller, and findings of each outcome."""
    hyperv = [f"hv0{number}" for number in range(1, 5)]
    members = [f"ex0{number}" for number in range(1, 5)]
    hosts = [_host(name, ["hyperv_host"], "2019", "HVC1") for name in hyperv]
    hosts += [_host(name, ["dag_member"], "2016", "DAG1") for name in members]
    hosts.append(_host("dc01", ["domain_controller"], "2019", ""))
    refused = "The connection to hv04 (10.20.0.14) was refused. Is WinRM listening there?"
    hosts[3] |= {"reached": False, "why": refused}
    findings = [
        finding(about["id"], host["name"], outcome="pass", found="as expected")
        for about in RULES
        for host in hosts
        if host["reached"] and about["layer"] in _LAYERS[host["kinds"][0]]
    ]
    exceptions = _findings_of_small()
    named = {(each["rule"], each["host"]) for each in exceptions}
    findings = [each for each in findings if (each["rule"], each["host"]) not in named] + exceptions
    findings += [
        finding(about["id"], "hv04", outcome="unknown", why_unknown=refused)
        for about in RULES
        if about["layer"] in _LAYERS["hyperv_host"]
    ]
    clusters = {host["name"]: host["cluster"] for host in hosts}
    for each in findings:
        each["place"] = _place_of(clusters[each["host"]])
    comparison = {
        "earlier": "2026-11-16T22:00:11Z", "new": 3, "open": 7,
        "fixed": [finding("receive-buffers", "hv01", "LM", "pass", found="4096", status="fixed"),
                  finding("array-alias", "dc01", "outlook.corp.example.com", "pass", status="fixed")],
        "unseen": [finding("hotfixes", "hv04", "KB5031364", "fail", status="unseen", why_unknown="It is unknown now.")],
    }  # fmt: skip
    found = evaluation(
        "corp.example.com", hosts, RULES, findings, comparison=comparison, pictures=_pictures_of_small(hyperv)
    )
    return found | {
        "unread": [
            {"host": "hv04", "what": "", "why": refused, "accepted": None},
            {"host": "hv03", "what": "the cluster", "why": "The provider of the cluster failed.", "accepted": None},
        ],
        "left_out": ["1 virtual machine is left out (parameter excluded_virtual_machines): FILE01."],
        "unmatched": ["The accepted finding (rule vm-disks, host hv09) matches no finding."],
        "runs": [_run(f"2026-11-{day:02}T22:00:11Z", error, 2, 8) for day, error in ((9, 9), (16, 8), (23, 6))],
        "places": [{"kind": "cluster", "name": "HVC1"}, {"kind": "dag", "name": "DAG1"}],
    }


def _place_of(cluster: str) -> Row:
    return {"dag" if cluster.startswith("DAG") else "cluster": cluster} if cluster else {}


def _run(gathered: str, error: int, warning: int, unknown: int) -> Row:
    return {"gathered": gathered, "hosts": 9, "unread": 1, "error": error, "warning": warning, "notice": 1,
            "unknown": unknown, "accepted": 1, "pass": 20}  # fmt: skip


_LAYERS = {
    "hyperv_host": {"cluster", "virtual_machine", "network"},
    "dag_member": {"dag", "exchange"},
    "domain_controller": {"directory", "dns", "federation"},
}


def _host(name: str, kinds: list[str], windows: str, cluster: str) -> Row:
    return {"name": name, "kinds": kinds, "windows": windows, "cluster": cluster, "reached": True, "why": None}


def _findings_of_small() -> list[Row]:
    saved = [
        finding(
            "offline-action", host, guest, "fail", expected="shut_down", found="save", status=status,
            text=f"The offline action of {guest} is save.",
            remedy={"kind": "task", "text": _TASK.format(host=host, subject=guest)},
        )
        for host, guest, status in (("hv01", "EX01", "open"), ("hv01", "EX03", "open"), ("hv02", "EX02", "new"))
    ]  # fmt: skip
    beat = {"kind": "role", "text": "- hosts: dag_members\n  roles:\n    - role: winha.cluster.dag_heartbeat\n"}
    return [
        *saved,
        *(finding("heartbeat", member, "DAG1", "fail", expected="10 s or less", found="20 s", status="open",
                  text="The heartbeat timeout of DAG1 is 20 s.", remedy=beat) for member in ("ex01", "ex02")),
        finding("jumbo-path", "hv02", "LiveMigration", "fail", expected="9000", found="1500", status="new",
                text="hv02 reaches hv01 and hv03 only with 1500 bytes. Its adapter is set to 9000.",
                remedy={"kind": "manual", "text": "Allow frames of 9014 bytes on the switch ports of hv02."}),
        finding("receive-buffers", "hv02", "LM", "fail", expected="4096, the driver maximum", found="512",
                text="LM has 512 receive buffers. Its driver offers 4096.", status="open",
                remedy={"kind": "task", "text": "- winha.cluster.net_adapter:\n    receive_buffers: 8192\n"}),
        finding("removed-nodes", "hv03", "hv02", "fail", expected="none", found="2 times, last on 2026-11-20",
                text="hv02 was removed from the active membership (event 1135).", status="new"),
        finding("federation-certificate", "dc01", "CN=Federation", "fail", expected="30 days or more", found="12 days",
                text="The certificate expires on 2026-12-05.", status="open"),
        finding("hotfixes", "hv01", "KB5031364", "accepted", expected="installed", found="not listed",
                severity="warning", text="KB5031364 is not listed. An installed update may contain it.",
                accepted={"reason": "The vendor of the storage has not released it.", "until": "2027-01-31"}),
        finding("principal-names", "dc01", "", "unknown",
                why_unknown="The global catalog gc01.corp.example.com refused the bind: the clock differs."),
        finding("automatic-stop", "hv03", "", "not_applicable", text="hv03 has no mailbox server."),
    ]  # fmt: skip


def _pictures_of_small(hyperv: list[str]) -> Row:
    def path(sender: str, receiver: str) -> Row:
        about: Row = {"cluster": "HVC1", "network": "LiveMigration", "from": sender, "to": receiver, "wanted": 9000}
        if "hv04" in {sender, receiver}:
            return about | {"mtu": None, "proved": None, "why": "hv04 could not be read."}
        if "hv02" in {sender, receiver}:
            return about | {"mtu": 1500, "proved": False, "why": "large packets have no reply, small packets do"}
        return about | {"mtu": 9000, "proved": True, "why": ""}

    beats = (("HVC1", False, "2019", 20, 20, 40, 40, 2.4), ("DAG1", True, "2016", 20, 20, 10, 20, None))
    keys = ("cluster", "dag", "windows", "same_subnet_seconds", "cross_subnet_seconds", "same_subnet_limit_seconds",
            "cross_subnet_limit_seconds", "offline_seconds")  # fmt: skip
    certificates = (("CN=Federation", "federation trust", "2026-12-05", 12), ("mail.corp.example.com", "IIS, SMTP",
                    "2027-06-30", 219), ("CN=WMSVC-EX02", "management", "2026-11-02", -21))  # fmt: skip
    return {
        "paths": [path(a, b) for a in hyperv for b in hyperv if a != b],
        "heartbeats": [dict(zip(keys, beat, strict=True)) for beat in beats],
        "certificates": [
            dict(zip(("name", "use", "not_after", "days_left"), each, strict=True)) for each in certificates
        ],
    }


def evaluation(
    title: str, hosts: list[Row], rules: t.Sequence[Row], findings: list[Row], *, comparison: Row | None, pictures: Row
) -> Row:
    """An evaluation in the format of version 1, as a deep copy."""
    severities = {about["id"]: about["severity"] for about in rules}
    for each in findings:
        each["severity"] = each["severity"] or severities[each["rule"]]
    return copy.deepcopy({
        "version": 1, "title": title, "gathered": "2026-11-23T22:10:04Z", "evaluated": "2026-11-23T22:12:40Z",
        "hosts": hosts, "rules": list(rules), "findings": findings,
        "summary": dict(collections.Counter(each["outcome"] for each in findings)),
        "comparison": comparison, "pictures": pictures,
    })  # fmt: skip


def clean() -> Row:
    """The small evaluation after all findings were fixed."""
    found = small()
    for host in found["hosts"]:
        host |= {"reached": True, "why": None}
    for each in found["findings"]:
        each |= {"outcome": "pass", "found": each["expected"] or "as expected", "status": None, "accepted": None}
    for path in found["pictures"]["paths"]:
        path |= {"mtu": 9000, "proved": True, "why": ""}
    found["comparison"] |= {"new": 0, "open": 0, "fixed": [], "unseen": []}
    found["runs"][-1] = _run("2026-11-23T22:00:11Z", 0, 0, 0)
    return found | {"unread": [], "left_out": [], "unmatched": []}


def hostile() -> Row:
    """Every hostile name in every place of text."""
    rules = [
        rule(f"{number}{name}", ("error", "warning", "notice")[number % 3], "network", name, name, question=name,
             source=[name], applies=name, remedy={"kind": "manual", "text": name})
        for number, name in enumerate(HOSTILE)
    ]  # fmt: skip
    hosts = [_host(f"{number}{name}", [name], name, name) | {"reached": number % 2 == 0, "why": name}
             for number, name in enumerate(HOSTILE)]  # fmt: skip
    outcomes = ("fail", "unknown", "accepted", "pass", "not_applicable")
    findings = [
        finding(f"{number}{name}", f"{number}{name}", name, outcome, expected=name, found=name, text=name,
                why_unknown=name, accepted={"reason": name, "until": name}, status="new", cause=name,
                place={"cluster": name, "dag": name, "server": name, "site": name},
                remedy={"kind": ("task", "role", "manual")[number % 3], "text": name})
        for number, name in enumerate(HOSTILE)
        for outcome in outcomes
    ]  # fmt: skip
    pictures = {
        "paths": [{"cluster": name, "network": name, "from": name, "to": name + "2", "mtu": 1500, "proved": False,
                   "why": name} for name in HOSTILE],
        "heartbeats": [{"cluster": name, "dag": True, "windows": name, "same_subnet_seconds": 5.0} for name in HOSTILE],
        "certificates": [{"name": name, "use": name, "not_after": name, "days_left": 3} for name in HOSTILE],
    }  # fmt: skip
    comparison = {"earlier": HOSTILE[0], "new": 1, "open": 1, "fixed": findings[:40:5], "unseen": findings[1:40:5]}
    found = evaluation(HOSTILE[0], hosts, rules, findings, comparison=comparison, pictures=pictures)
    unread = [
        {"host": host["name"], "what": name, "why": name, "accepted": None if number % 2 else {"reason": name}}
        for number, (host, name) in enumerate(zip(hosts, HOSTILE, strict=True))
    ]
    return found | {
        "unread": copy.deepcopy(unread),
        "left_out": [*HOSTILE[::2]],
        "unmatched": [*HOSTILE[1::2]],
        "places": [{"kind": kind, "name": name} for kind in ("cluster", "dag", "site", "server") for name in HOSTILE],
        "remedies": {
            each["id"]: [{"kind": "script", "text": name, "findings": 1, "hosts": [name]}] * 2
            for each, name in zip(rules, HOSTILE, strict=True)
        },
        "runs": [_run(name, place, place, place) for place, name in enumerate(HOSTILE)],
    }


def writable(sample: Row) -> Row:
    """The sample without lone surrogates, which UTF-8 cannot encode."""
    found: Row = json.loads(json.dumps(sample).replace("\\ud800pair", "\\ufffdpair"))
    return found


def large(hosts: int = 200, rules: int = 60, failing: float = 0.6) -> Row:
    """An evaluation with many findings, of which the share C(failing) does not pass."""
    chance = random.Random(2010)
    named = [_host(f"hv{number:03}.corp.example.com", ["hyperv_host"], "2019", f"HVC{number // 16}")
             for number in range(1, hosts + 1)]  # fmt: skip
    kinds = ((number, RULES[number % len(RULES)]) for number in range(rules))
    numbered = [
        about | {"id": f"{about['id']}-{number:02}", "title": f"{about['title']} ({number})"} for number, about in kinds
    ]
    findings = []
    for about in numbered:
        share = failing * 2 * chance.random()
        for host in named:
            outcome = "pass"
            if chance.random() < share:
                outcome = chance.choices(("fail", "unknown", "accepted", "not_applicable"), (80, 10, 4, 6))[0]
            findings.append(_of_large(about["id"], host["name"], outcome, chance))
    mesh = [host["name"].partition(".")[0] for host in named[:64]]
    paths = [{"cluster": "HVC0", "network": "LiveMigration", "from": a, "to": b, "mtu": 9000,
              "proved": chance.random() < 0.97, "why": "no answer"} for a in mesh for b in mesh if a != b]  # fmt: skip
    return evaluation("large.example.com", named, numbered, findings, comparison=None, pictures={"paths": paths})


def _of_large(name: str, host: str, outcome: str, chance: random.Random) -> Row:
    guest = f"EX{chance.randrange(400):03}"
    return finding(
        name, host, guest, outcome, expected="shut_down", found="save",
        text=f"The offline action of {guest} on {host} is save.",
        why_unknown=chance.choice(("The provider timed out.", "Access is denied.", "The class does not exist.")),
        accepted={"reason": "It is moved next month.", "until": "2026-12-31"} if outcome == "accepted" else None,
        remedy={"kind": "task", "text": _TASK.format(host=host, subject=guest)},
        status=chance.choice(("new", "open")), place={"cluster": f"HVC{int(host[2:5]) // 16}"},
    )  # fmt: skip
