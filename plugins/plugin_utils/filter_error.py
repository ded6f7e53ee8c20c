# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of filters as one sentence. Private to this collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible.errors import AnsibleError, AnsibleFilterError
from ansible_collections.winha.cluster.plugins.module_utils.errors import shorten
from jinja2.exceptions import UndefinedError


@contextlib.contextmanager
def one_sentence(name: str, *expected: type[Exception]) -> t.Iterator[None]:
    """Raise each error as C(AnsibleFilterError) with the name of the filter.

    The C(expected) errors have a sentence of their own. Any other one means that the input, which people can edit, does
    not have the form that the filter reads.
    """
    try:
        yield
    except (AnsibleError, UndefinedError):  # such as a variable of a host that cannot be templated
        raise
    except expected as error:
        # Ansible also shows the text of the cause, which would repeat this text.
        raise AnsibleFilterError(f"{name}: {error}") from None
    except Exception as error:
        text = shorten(error, 200)
        raise AnsibleFilterError(
            f"{name}: the input does not have the form that the filter reads ({type(error).__name__}: {text}). "
            "Make it again with the roles of this collection."
        ) from error
