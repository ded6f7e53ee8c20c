# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which programs Python files, shell scripts and the Makefile start, as far as it is written there."""

from __future__ import annotations

import ast
import itertools
import pathlib
import re
import shlex
import typing as t

# What starts a program, or looks for one, by the position of the argument that names it.
STARTING = {
    **{f"subprocess.{name}": 0 for name in ("run", "Popen", "call", "check_call", "check_output", "getoutput")},
    **{f"os.{name}": 0 for name in ("execv", "execve", "execvp", "execvpe", "popen", "system")},
    **{f"asyncio.create_subprocess_{name}": 0 for name in ("exec", "shell")},
    "shutil.which": 0,
}
# Our own functions that start what they are given, by their modules, which may move.
OURS = {
    "terminal.quietly": 0,
    "parts.Command": 0,
    "root.self.command": 0,
    "programs.insist": 0,
    "programs.call": 0,
    "programs.program": 0,
    "directory_estate.run_client": 1,
    "test_ticket.script": 0,
}
_BUILT_IN = {
    ":", "[", "break", "case", "cd", "continue", "do", "done", "echo", "elif", "else", "esac", "exit", "export", "fi",
    "for", "if", "in", "kill", "local", "printf", "read", "return", "set", "shift", "test", "then", "trap", "ulimit",
    "umask", "unset", "until", "wait", "while", "{", "}",
}  # fmt: skip
_SCRIPT = r"[ ;|&]"
_BEFORE_COMMANDS = {"!", "command", "do", "elif", "else", "env", "exec", "if", "then", "until", "while", "{"}


def in_shell(text: str) -> set[str]:
    """The programs that a shell script starts."""
    found: set[str] = set()
    for number in itertools.count():
        inner = re.search(r"\$\(([^()]*)\)", text)
        if inner is None:
            break
        found |= in_shell(inner[1])
        text = text[: inner.start()] + f"X{number}" + text[inner.end() :]
    text = re.sub(r"\d?>&\d", " ", text)
    functions = set(re.findall(r"^\s*(\w+)\(\)", text, re.MULTILINE))
    text = re.sub(r"\\\n", " ", re.sub(r"^\s*(#.*|\w+\(\))", "", text, flags=re.MULTILINE))
    words = shlex.shlex(text, posix=True, punctuation_chars="();&|\n")
    words.whitespace, words.whitespace_split, words.commenters = " \t", True, ""
    begins = True
    for word in words:
        if word == "trap":
            found |= in_shell(next(words, None) or "")
            begins = False
        elif set(word) <= set("();&|\n"):
            begins = True
        elif begins and word not in _BEFORE_COMMANDS and not re.match(r"\w+=|-", word):
            begins = False
            if word not in _BUILT_IN and re.fullmatch(r"[\w./-]+", word) and not re.fullmatch(r"X\d+", word):
                found.add(word)
    return found - functions


def in_makefile(text: str) -> set[str]:
    """The programs that the recipes of a Makefile start."""
    recipes = re.sub(r"\$\((?:[^()]|\([^()]*\))*\)", "$given", "\n".join(re.findall(r"^\t@?(.*)", text, re.MULTILINE)))
    return in_shell(recipes)


def in_python(tree: ast.Module, module: str) -> t.Iterator[tuple[int, str]]:
    """The line of each start with the program, or in angle brackets with the expression that holds a command."""
    origins = {
        alias.asname or alias.name: f"{(node.module or '').rpartition('.')[2]}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            position = STARTING.get(name, OURS.get(origins.get(name, f"{module}.{name}")))
            if name == "map" and ast.unparse(node.args[0]) in STARTING and isinstance(node.args[1], ast.Tuple):
                wanted = node.args[1].elts
            else:
                wanted = node.args[position : position + 1] if position is not None else []
            for expression in wanted:
                found = _first(tree, expression)
                # Who looks for a program that is not known here will start it elsewhere.
                yield from ((node.lineno, one) for one in found if name != "shutil.which" or not one.startswith("<"))
                if isinstance(expression, ast.Constant) and re.search(_SCRIPT, _text(expression)):
                    yield from ((node.lineno, one) for one in in_shell(_text(expression)))
        elif isinstance(node, ast.List):
            yield from ((node.lineno, one) for one in _inner(tree, list(node.elts)))
        elif isinstance(node, ast.Constant | ast.JoinedStr) and (text := _text(node)).startswith("#!/bin/sh"):
            yield from ((node.lineno, one) for one in in_shell(text.removeprefix("#!/bin/sh")))


def _inner(tree: ast.Module, words: t.Sequence[ast.expr]) -> t.Iterator[str]:
    """What a command starts in turn: the script of a shell, and what env and unshare are given."""
    for before, option, script in zip(words, words[1:], words[2:], strict=False):
        if (_text(before), _text(option)) == ("sh", "-c"):
            yield "sh"
            for value in _values(tree, script):
                yield from in_shell(_text(value))
    if words and _text(words[0]) in ("env", "unshare"):
        yield from (_text(word) for word in words[1:] if re.fullmatch(r"[a-z]+", _text(word)))


def _first(tree: ast.Module, node: ast.expr, depth: int = 0) -> set[str]:
    """The first word of a command, by any way that it can be made."""

    def of(*nodes: ast.expr) -> set[str]:
        return {word for each in nodes for word in _first(tree, each, depth + 1)}

    if isinstance(node, ast.List | ast.Tuple):
        words: set[str] = set()
        for item in node.elts:
            if not isinstance(item, ast.Starred):
                return words | of(item)
            words |= of(item.value)
            if not _may_be_empty(tree, item.value):
                break
        return words
    if re.search(r"\bsys\.executable\b|\.program\(|\bprogram\(|python\.path\b", text := ast.unparse(node)):
        return set()  # a program of the environment; that of the lab is looked at where it is called
    match node:
        case ast.Constant(value=str() as word):
            return {pathlib.PurePath(word).name} if word and not re.search(_SCRIPT, word) else set()
        case ast.Constant():
            return set()
        case ast.BoolOp(values=values):
            return of(*values)
        case ast.IfExp(body=body, orelse=other):
            return of(body, other)
        case ast.BinOp(left=inner, op=ast.Add()) | ast.Call(func=ast.Name(id="str"), args=[inner]):
            return of(inner)
        case ast.Call() if ast.unparse(node.func) in STARTING:
            return of(node.args[0])
    values = [value for value in _values(tree, node) if value is not node]
    if values and depth < 9:
        return of(*values)
    return {f"<{node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else text}>"}


def _may_be_empty(tree: ast.Module, node: ast.expr) -> bool:
    values = _values(tree, node)
    return not isinstance(node, ast.Call) and not all(isinstance(one, ast.List) and one.elts for one in values)


def _values(tree: ast.Module, node: ast.expr) -> list[ast.expr]:
    """What is assigned to a name or an attribute anywhere in the file, and what a function of it returns."""
    wanted = ast.unparse(node.func if isinstance(node, ast.Call) else node)
    found: list[ast.expr] = []
    for each in ast.walk(tree):
        if isinstance(each, ast.Assign) and wanted in [ast.unparse(target) for target in each.targets]:
            found.append(each.value)
        elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Tuple):
            if wanted in [ast.unparse(target) for target in each.targets[0].elts[:1]]:
                found.append(each.value.elts[0] if isinstance(each.value, ast.Tuple) else each.value)
        elif isinstance(each, ast.AnnAssign) and wanted.removeprefix("self.") == ast.unparse(each.target):
            found += [each.value] if each.value else []
        elif isinstance(each, ast.FunctionDef) and isinstance(node, ast.Call) and each.name == wanted:
            found += [one.value for one in ast.walk(each) if isinstance(one, ast.Return) and one.value]
    return found or [node]


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "$given" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
