#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers as adb does with phones behind it: what adb and Android 14's programs print, as their documentation and sources say. No phone was asked.

FAKE_ADB is a folder: phones.json {serial: {"state", "properties", "root": no|adbd|su, "apps": {package: {"paths", "dump", "data": folder}}}}, and
files/, which is the root of every phone's file system. Each command is appended to log.
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys

home = pathlib.Path(os.environ["FAKE_ADB"])
phones = json.loads((home / "phones.json").read_text())
words = sys.argv[1:]
with open(home / "log", "a") as log:
    log.write(json.dumps(words) + "\n")


def fail(text, code=1):
    print(text, file=sys.stderr)
    sys.exit(code)


def tar(folder):
    sys.stdout.flush()
    sys.exit(subprocess.run(["tar", "-C", folder, "-cf", "-", "."]).returncode)


def shell(phone, command, root=False):
    root = root or phone["root"] == "adbd"
    words = shlex.split(command)
    if words[:2] == ["su", "-c"]:
        return shell(phone, words[2], True) if phone["root"] == "su" else fail("/system/bin/sh: su: inaccessible or not found", 127)
    if words[0] == "su":
        fail("su: invalid uid/gid '0'" if phone["root"] == "su" else "/system/bin/sh: su: inaccessible or not found", 1)
    if words == ["id", "-u"]:
        return print(0 if root else 2000)
    if words == ["getprop"]:
        return print("\n".join(f"[{name}]: [{value}]" for name, value in phone["properties"].items()))
    if words[:3] == ["stat", "-c", "%s"]:
        source = home / "files" / words[3].lstrip("/")
        return print(source.stat().st_size) if source.is_file() else fail(f"stat: '{words[3]}': No such file or directory")
    if words[0] == "cat":
        source = home / "files" / words[1].lstrip("/")
        if not source.is_file():
            fail(f"cat: {words[1]}: No such file or directory")
        sys.stdout.buffer.write(source.read_bytes()[:-1 if "cut" in source.name else None])
        return sys.stdout.buffer.flush()
    app = phone["apps"].get(words[2] if words[:2] in (["pm", "path"], ["dumpsys", "package"]) else words[1])
    if words[:2] == ["pm", "path"]:
        return print("\n".join("package:" + path for path in app["paths"])) if app else sys.exit(1)
    if words[:2] == ["dumpsys", "package"]:
        return print(app["dump"])
    if words[0] == "run-as":
        debuggable = " DEBUGGABLE " in app["dump"] or phone["properties"].get("ro.debuggable") == "1"
        return tar(app["data"]) if debuggable else fail(f"run-as: package not debuggable: {words[1]}")
    if words[:2] == ["tar", "-C"]:
        name = words[2].rsplit("/", 1)[1]
        return tar(phone["apps"][name]["data"]) if root else fail(f"tar: chdir '{words[2]}': Permission denied")
    fail(f"{words[0]}: not found", 127)


if words == ["devices", "-l"]:
    print("* daemon not running; starting now at tcp:5037\n* daemon started successfully\nList of devices attached")
    for serial, phone in phones.items():
        print(f"{serial:22} {phone['state']} product:x model:{phone['properties'].get('ro.product.model', 'x').replace(' ', '_')} device:x transport_id:1")
    print()
elif words[0] == "-s":
    phone = phones[words[1]]
    if words[2] == "shell":
        shell(phone, " ".join(words[3:]))
    elif words[2] == "exec-out":
        # adbd gives both streams as one, and no exit code; the phone's shell does what "2>/dev/null" says.
        command = " ".join(words[3:])
        quiet = "2>/dev/null" in command
        if quiet:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        else:
            os.dup2(1, 2)
        try:
            shell(phone, command.replace(" 2>/dev/null", ""))
        except SystemExit:
            sys.stdout.flush()
        os._exit(0)
    else:
        fail("adb: unknown command " + words[2])
else:
    fail("adb: unknown command " + words[0])
