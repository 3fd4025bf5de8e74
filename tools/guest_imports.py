#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much of what Android libraries import from the system the guest provides.

usage: guest_imports.py WANTED [--names FILE | --program PROGRAM] [--missing N] [--libraries LIST]

WANTED is a table (tab-separated: function, system_library, libs_importing) or a folder of .so files, whose undefined
symbols are counted (those that another file of the folder defines are left out). The names that the guest provides
come from the test program guest_function_names, or from a file with one a line.
"""
import argparse
import collections
import csv
import pathlib
import subprocess
import sys

SYSTEM = "libc libm libz libdl liblog"
PROGRAM = "build/dev/tests/unit/guest/libc/guest_function_names"


def wanted_of_table(path, libraries):
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["system_library"] in libraries:
                yield row["function"], int(row["libs_importing"]), row["system_library"]


def symbols_of(path):
    """(undefined, defined) dynamic symbols of one file."""
    lines = subprocess.run(["readelf", "-W", "--dyn-syms", str(path)], capture_output=True, text=True, check=False).stdout
    undefined, defined = set(), set()
    for line in lines.splitlines():
        part = line.split()
        if len(part) < 8 or not part[0].rstrip(":").isdigit():
            continue
        name = part[7].split("@")[0]
        if part[6] != "UND":
            defined.add(name)
        elif part[4] != "WEAK":
            undefined.add(name)
    return undefined, defined


def wanted_of_folder(folder):
    files = [symbols_of(path) for path in sorted(folder.rglob("*.so"))]
    defined = set().union(*(each[1] for each in files)) if files else set()
    count = collections.Counter(name for undefined, _ in files for name in undefined - defined)
    for name, libraries in count.items():
        yield name, libraries, "?"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wanted", type=pathlib.Path)
    parser.add_argument("--names", type=pathlib.Path)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--libraries", default=SYSTEM, help="of a table: which of its libraries count")
    parser.add_argument("--missing", type=int, default=20, help="how many missing names to show")
    options = parser.parse_args()
    if options.names:
        have = set(options.names.read_text(encoding="utf-8").split())
    else:
        have = set(subprocess.run([options.program], capture_output=True, text=True, check=True).stdout.split())
    if options.wanted.is_dir():
        rows = list(wanted_of_folder(options.wanted))
    else:
        rows = list(wanted_of_table(options.wanted, set(options.libraries.split())))
    if not rows:
        sys.exit(f"{options.wanted}: nothing is wanted")
    total = sum(row[1] for row in rows)
    missing = sorted((row for row in rows if row[0] not in have), key=lambda row: (-row[1], row[0]))
    lacks = sum(row[1] for row in missing)
    print(f"names: {len(rows) - len(missing)} of {len(rows)} ({100 * (1 - len(missing) / len(rows)):.1f} %)")
    print(f"weighted by libraries: {total - lacks} of {total} ({100 * (1 - lacks / total):.2f} %)")
    for name, libraries, system in missing[: options.missing]:
        print(f"  {libraries:4} {name} ({system})")


if __name__ == "__main__":
    main()
