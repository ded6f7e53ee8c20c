# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.winha.cluster.plugins.module_utils._audit.gathering import plain


@pytest.mark.parametrize("value", ["{{ x }}", ["{{ x }}"], {"{{ a }}": {"b": ("{{ x }}",)}}])
def test_values_of_ansible_become_plain(value: t.Any) -> None:
    found = plain(wrap_var(value))
    assert yaml.safe_load(yaml.safe_dump(found)) == json.loads(json.dumps(found))
