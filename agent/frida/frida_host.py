# SPDX-License-Identifier: Apache-2.0
"""Loads the agent into a process by Frida's Python bindings, and does nothing else: what the agent sees goes to the collector by its own socket.

Speaks with daylight over descriptor 3: messages of JSON behind their length (4 bytes, little-endian). The first one says what to do; "stop", or the
end of the connection, takes the hooks away. Says {"event": "watching"}, then "message" for what the agent's script reports, and at last "ended" or "error".
"""
import json
import socket
import struct
import sys
import threading

MOST = 64 << 20


class Peer:
    def __init__(self):
        self.socket = socket.socket(fileno=3)
        self.lock = threading.Lock()

    def exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                return None
            data += part
        return data

    def receive(self):
        head = self.exactly(4)
        if head is None or struct.unpack("<I", head)[0] > MOST:
            return None
        data = self.exactly(struct.unpack("<I", head)[0])
        return None if data is None else json.loads(data)

    def say(self, **message):
        data = json.dumps(message).encode()
        with self.lock:
            try:
                self.socket.sendall(struct.pack("<I", len(data)) + data)
            except OSError:
                pass  # daylight is gone: nobody to tell


def target_of(device, wanted):
    """The process id, and whether it waits to be resumed."""
    if "pid" in wanted:
        return wanted["pid"], False
    if "attach" in wanted:
        return device.get_process(wanted["attach"]).pid, False
    return device.spawn(wanted["spawn"], stdio="inherit") if "device" not in wanted else device.spawn(wanted["spawn"]), True


def run(peer, wanted):
    import frida

    over = threading.Event()
    gone = threading.Event()
    why = ["the agent was taken away"]

    def detached(reason, crash):
        why[0] = reason + (": " + crash.summary if crash is not None else "")
        gone.set()
        over.set()

    def said(message, _data):
        peer.say(event="message", text=str(message.get("description") or message.get("payload") or message)[:2000])

    device = frida.get_device(wanted["device"], timeout=10) if "device" in wanted else frida.get_local_device()
    pid, waits = target_of(device, wanted)
    try:
        session = device.attach(pid)
        session.on("detached", detached)
        with open(wanted["bundle"], encoding="utf-8") as file:
            script = session.create_script(file.read())
        script.on("message", said)
        script.load()
        hooks = script.exports_sync.init("early", wanted["parameters"])
    except Exception:
        if waits:
            device.kill(pid)  # it has never run
        raise
    peer.say(event="watching", pid=pid, hooks=hooks)
    if waits:
        device.resume(pid)

    def until_told():
        peer.receive()
        over.set()

    threading.Thread(target=until_told, daemon=True).start()
    over.wait()
    try:
        # Hooks go, the code stays: a thread may be in it, and would fall with the process if it were unmapped.
        script.exports_sync.stop()
        script.eternalize()
        session.detach()
    except (frida.InvalidOperationError, frida.TransportError, frida.RPCException):
        gone.wait(1)  # the process is gone already, and Frida is about to say how
        if why[0] == "the agent was taken away":
            why[0] = "the process ended"
    peer.say(event="ended", why=why[0])


def main():
    peer = Peer()
    wanted = peer.receive()
    if wanted is None:
        return 2
    try:
        run(peer, wanted)
    except Exception as error:  # whatever it is, the user must read it
        peer.say(event="error", text=f"{type(error).__name__}: {error}"[:2000])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
