# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter in a play: with the strings, dates and lazy values of ansible-core, and with its errors."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
import report_samples

ROOT = pathlib.Path(__file__).resolve().parents[3]
PLAY = """
- hosts: localhost
  gather_facts: false
  vars:
    estate: corp
    saved: "{{ lookup('ansible.builtin.file', 'evaluation.json') | from_json }}"
    own: {title: "{{ estate }}.example.com", gathered: 2026-11-20}
  tasks:
    - ansible.builtin.copy:
        content: "{{ saved | combine(own) | winha.cluster.audit_report(item) }}"
        dest: "{{ playbook_dir }}/report.{{ item }}"
        mode: "0600"
      loop: [html, json, junit, markdown]
    - ansible.builtin.copy:
        content: "{{ lookup('ansible.builtin.file', 'report.json') | from_json | winha.cluster.audit_report }}"
        dest: "{{ playbook_dir }}/again.html"
        mode: "0600"
    - ansible.builtin.debug:
        msg: "{{ {'version': 2} | winha.cluster.audit_report }}"
"""

pytestmark = pytest.mark.matrix


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> tuple[pathlib.Path, str]:
    """A play with the hostile sample, a title from a template and a date from YAML."""
    place = tmp_path_factory.mktemp("play")
    (place / "evaluation.json").write_text(json.dumps(report_samples.writable(report_samples.hostile())), "utf-8")
    (place / "play.yml").write_text(PLAY, "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
        "ANSIBLE_HOME": str(place / "home"),
        "LC_ALL": "C.UTF-8",
    }
    program = pathlib.Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [program, "-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}", "play.yml"],
        cwd=place, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return place, done.stdout + done.stderr


def test_every_format_is_written(play: tuple[pathlib.Path, str]) -> None:
    place, output = play
    assert all((place / f"report.{form}").is_file() for form in ("html", "json", "junit", "markdown")), output[-3000:]
    wanted = report_samples.writable(report_samples.hostile()) | {"title": "corp.example.com", "gathered": "2026-11-20"}
    assert json.loads((place / "report.json").read_text("utf-8")) == wanted
    assert "<bdi>corp.example.com</bdi></h1>" in (place / "report.html").read_text("utf-8")


def test_the_saved_evaluation_gives_the_same_page(play: tuple[pathlib.Path, str]) -> None:
    place, _output = play
    assert (place / "again.html").read_bytes() == (place / "report.html").read_bytes()


def test_an_error_is_one_sentence(play: tuple[pathlib.Path, str]) -> None:
    assert "audit_report: the evaluation must have version 1, not 2." in play[1]
    assert "Traceback" not in play[1]
