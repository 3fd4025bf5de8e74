#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that every include of src/daylight runs down, as tools/layers.txt allows, and that no files include in a circle.

Usage: check_layers.py [PROJECT]     exit 0 clean, 1 with one line for each fault
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"(daylight/[^"]+)"', re.MULTILINE)
MAX_LINES = 800


def read_layers(path: pathlib.Path) -> dict[str, set[str] | None]:
    """room -> rooms that it may include; None means every room."""
    allowed: dict[str, set[str] | None] = {}
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            room, _, rest = line.partition(":")
            names = set(rest.split())
            allowed[room.strip()] = None if "*" in names else names
    return allowed


def find_circle(graph: dict[str, list[str]]) -> list[str]:
    """Some circle of includes, or an empty list."""
    state: dict[str, int] = {}
    for start in sorted(graph):
        stack = [(start, iter(graph[start]))]
        if state.setdefault(start, 0):
            continue
        state[start] = 1
        while stack:
            node, edges = stack[-1]
            following = next(edges, None)
            if following is None:
                state[node] = 2
                stack.pop()
            elif state.get(following, 0) == 1:
                path = [name for name, _ in stack]
                return path[path.index(following):] + [following]
            elif state.get(following, 0) == 0 and following in graph:
                state[following] = 1
                stack.append((following, iter(graph[following])))
    return []


def check(project: pathlib.Path) -> list[str]:
    source = project / "src"
    allowed = read_layers(project / "tools" / "layers.txt")
    faults, graph, headers = [], {}, {}
    for path in sorted(source.rglob("*.h")) + sorted(source.rglob("*.cc")):
        name = path.relative_to(source).as_posix()
        room = name.split("/")[1]
        text = path.read_text(encoding="utf-8")
        includes = INCLUDE.findall(text)
        graph[name] = [i for i in includes if (source / i).exists()]
        if room not in allowed:
            faults.append(f"{name}: the room '{room}' is not in tools/layers.txt")
            continue
        for include in includes:
            target = include.split("/")[1]
            if target != room and allowed[room] is not None and target not in allowed[room]:
                faults.append(f"{name}: {room} may not include {include}")
        lines = text.splitlines()
        if len(lines) > MAX_LINES:
            faults.append(f"{name}: {len(lines)} lines, {MAX_LINES} are allowed")
        if not lines or lines[0] != "// SPDX-License-Identifier: Apache-2.0":
            faults.append(f"{name}: line 1 is not the SPDX line")
        if len(lines) < 2 or not lines[1].startswith("// "):
            faults.append(f"{name}: line 2 is not one sentence of purpose")
        if path.suffix == ".h":
            if path.name in headers:
                faults.append(f"{name}: shares its file name with {headers[path.name]}")
            headers[path.name] = name
            if "#pragma once" not in text:
                faults.append(f"{name}: has no #pragma once")
    circle = find_circle(graph)
    if circle:
        faults.append("circle: " + " -> ".join(circle))
    return faults


def main() -> int:
    project = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    faults = check(project)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
