#!/usr/bin/env bash
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Starts a lab, runs tasks of this collection against it, and stops it.
set -eux

tests="$ANSIBLE_COLLECTIONS_PATH/ansible_collections/winha/cluster/tests"
state=$(mktemp -d)

lab() {
    PYTHONPATH="$tests${PYTHONPATH:+:$PYTHONPATH}" python -m lab "$@" --state "$state"
}

trap 'lab down; rm -rf "$state"' EXIT
lab up estate.yml
lab inventory --listener https > "$state/inventory.yml"
ansible-playbook -i "$state/inventory.yml" modules.yml -e "lab_state=$state" "$@"
lab journal --writes > "$state/writes.jsonl"
ansible-playbook -i localhost, journal.yml -e "lab_writes=$state/writes.jsonl" "$@"
