#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that every include of src/daylight runs down, as tools/layers.txt allows, and that no files include in a circle.

Rooms are the folders of src/daylight; the folders inside of one are its chambers, with rules of their own ("format/archive";
"format/." are the files that lie in the room itself).

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


def chamber_of(name: str) -> str:
    """daylight/format/archive/zip.h -> format/archive; daylight/format/format_gap.h -> format/."""
    parts = name.split("/")[1:-1]
    return "/".join(parts) if len(parts) > 1 else f"{parts[0]}/."


def misplaced_include(name: str, include: str, allowed: dict[str, set[str] | None]) -> str | None:
    """What is wrong with one include, or None."""
    room, target = name.split("/")[1], include.split("/")[1]
    if room != target:
        free = allowed[room] is None or target in allowed[room] or chamber_of(include) in allowed[room]
        return None if free else f"{name}: {room} may not include {include}"
    own, other = chamber_of(name), chamber_of(include)
    if own == other or other in (allowed.get(own) or set()):
        return None
    return f"{name}: {own} may not include {include}"


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


def check_agents(project: pathlib.Path, allowed: dict[str, set[str] | None]) -> list[str]:
    """Programs beside an app's code, under agent/: what they include of the rooms, and their first lines."""
    faults = []
    agents = project / "agent"
    for path in sorted(agents.rglob("*.h")) + sorted(agents.rglob("*.cc")):
        if "node_modules" in path.parts:  # what npm installed
            continue
        name = path.relative_to(project).as_posix()
        text = path.read_text(encoding="utf-8")
        program = "/".join(name.split("/")[:2])
        rooms = allowed.get(program, allowed.get("agent")) or set()
        for include in INCLUDE.findall(text):
            if include.split("/")[1] not in rooms and chamber_of(include) not in rooms:
                faults.append(f"{name}: {program} may not include {include}")
        if not text.startswith("// SPDX-License-Identifier: Apache-2.0\n// "):
            faults.append(f"{name}: does not begin with the SPDX line and one sentence of purpose")
    return faults


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
        if room not in allowed or (name.count("/") > 2 and chamber_of(name) not in allowed):
            faults.append(f"{name}: the room '{chamber_of(name)}' is not in tools/layers.txt")
            continue
        for include in includes:
            fault = misplaced_include(name, include, allowed)
            if fault:
                faults.append(fault)
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
    faults += check_agents(project, allowed)
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
