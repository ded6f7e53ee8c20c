# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts as one short text, for the artifacts of an AWX job. Private to this collection."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import typing as t
import zlib

from .error import AuditError

MAX_PACKED = 1_000_000  # characters; AWX hands artifacts on as variables of the next job
_MAX_UNPACKED = 1_000_000_000  # bytes


def packed(facts: t.Mapping[str, t.Any]) -> str:
    """The facts, compressed. Raises C(AuditError) for more than an artifact should have."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
    found = base64.b64encode(gzip.compress(text, mtime=0)).decode()
    if len(found) > MAX_PACKED:
        raise AuditError(
            f"The facts have {len(found):,} characters, and an artifact has at most {MAX_PACKED:,}. Use more slices, "
            "or set audit_facts_in_artifacts to false and audit_facts_file to a file that the next job can read."
        )
    return found


def unpacked(name: str, value: t.Any) -> t.Any:
    """Facts from a mapping, JSON, or a text of C(packed). Raises C(AuditError) with the name of the file."""
    if not isinstance(value, (str, bytes)):
        return value
    text = value.encode() if isinstance(value, str) else value
    try:
        if not text.lstrip().startswith(b"{"):
            reader = zlib.decompressobj(wbits=31)  # gzip
            text = reader.decompress(base64.b64decode(text, validate=True), _MAX_UNPACKED)
            if not reader.eof:
                raise AuditError(f"{name} is damaged: it ends in the middle. Read its hosts again.")
        return json.loads(text)
    except (ValueError, zlib.error, binascii.Error) as exc:
        raise AuditError(f"{name} is damaged: it has no facts of an audit ({exc}). Read its hosts again.") from exc
