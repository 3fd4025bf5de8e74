#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the inventory of a renamed app against that of the same app as it was written.

hard_renamed.py NAME PLAIN RENAMED MAPPED   exits with 1 where models, frameworks, tasks or calls differ. The plain app may call a
method more often: ProGuard drops code that nobody uses. MAPPED is RENAMED with the build's mapping file.
"""
import json
import pathlib
import sys


def roles(inventory: dict, caller: str) -> set[tuple]:
    """(api, use, caller) of Java calls by the app's own code."""
    return {(c["api"], c["use"], c.get(caller, "")) for c in inventory["calls"] if not c["api"].startswith("native:")}


def apis(calls: set[tuple]) -> set[tuple]:
    return {(api, use) for api, use, _ in calls}


def main() -> int:
    plain, renamed, mapped = (json.loads(pathlib.Path(path).read_text()) for path in sys.argv[2:5])
    wrong = []

    def same(what: str, want: object, have: object) -> None:
        if want != have:
            wrong.append(f"{what}: {want} became {have}")

    place = lambda m: (m["format"], m["sha256"], m["use"], m["location"]["entry"])
    same("models", [place(m) for m in plain["models"]], [place(m) for m in renamed["models"]])
    for before, after in zip(plain["models"] + plain["calls"], renamed["models"] + renamed["calls"]):
        # A build that puts all classes into one package hides whose they are: unknown, but never somebody else's.
        if before["origin"]["kind"] != "sdk" and after["origin"]["kind"] == "sdk":
            wrong.append(f"{after['id']}: of {before['origin']} became of {after['origin']}")
    frameworks = lambda d: sorted((f["id"], f["layer"], f.get("version", "")) for f in d["frameworks"])
    same("frameworks", frameworks(plain), frameworks(renamed))
    same("tasks", sorted(t["task"] for t in plain["tasks"]), sorted(t["task"] for t in renamed["tasks"]))
    want, have = roles(plain, "caller"), roles(renamed, "caller")
    if not want:
        wrong.append("the plain app has no call: this compares nothing")
    same("calls", sorted(apis(want)), sorted(apis(have)))
    same("callers under the mapping", sorted(want), sorted(roles(mapped, "original_caller")))
    for line in wrong:
        print(f"{sys.argv[1]}: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
