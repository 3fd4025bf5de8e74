#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replay against the same work in Python (Pillow, numpy, ai-edge-litert), part by part, on one core, in turns.

Usage: replay_bench.py BUILD_FOLDER SHARED_DATA     prints a section for RESULTS.md (builds BUILD_FOLDER/bench/replay_bench)
"""
import io
import json
import pathlib
import statistics
import subprocess
import sys
import time

from whole_process import machine

ROUNDS, SIDE = 7, 200


class Peer:
    """The work of replay_bench.cc as a Python script would do it."""

    def __init__(self, faces, model):
        import numpy as np
        from ai_edge_litert.interpreter import Interpreter
        from PIL import Image

        self.np, self.image = np, Image
        self.files = [path.read_bytes() for path in sorted(faces.iterdir())]
        self.interpreter = Interpreter(str(model), num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    def decode(self, data):
        return self.image.open(io.BytesIO(data)).convert("RGB")

    def resize(self, picture):
        return picture.resize((SIDE, SIDE), self.image.BILINEAR)

    def normalize(self, picture):
        return (self.np.asarray(picture, self.np.float32) / 255.0)[None]

    def infer(self, tensor):
        self.interpreter.set_tensor(self.input, tensor)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)

    @staticmethod
    def each(function, items):
        start = time.process_time()
        results = [function(item) for item in items]
        return results, (time.process_time() - start) * 1e6 / len(items)

    def measure(self):
        pictures, decode = self.each(self.decode, self.files)
        resized, resize = self.each(self.resize, pictures)
        tensors, normalize = self.each(self.normalize, resized)
        _, model = self.each(self.infer, tensors[:200])
        del pictures, resized, tensors
        whole = self.each(lambda data: self.infer(self.normalize(self.resize(self.decode(data)))), self.files)[1]
        return {"decode": decode, "resize": resize, "normalize": normalize, "model": model, "whole": whole}


def main():
    build, data = sys.argv[1], pathlib.Path(sys.argv[2])
    faces, model = data / "faces" / "img", data / "models" / "model_age_q.tflite"
    subprocess.run(["cmake", "--build", build, "--target", "replay_bench"], check=True, stdout=subprocess.DEVNULL)
    peer = Peer(faces, model)
    peer.measure()
    own_rounds, peer_rounds = [], []
    for _ in range(ROUNDS):
        out = subprocess.run([f"{build}/bench/replay_bench", faces, model], check=True, capture_output=True, text=True).stdout
        own_rounds.append(json.loads(out))
        peer_rounds.append(peer.measure())
    for values in own_rounds + peer_rounds:
        values["outside"] = values["decode"] + values["resize"] + values["normalize"]
    own = {name: statistics.median(values[name] for values in own_rounds) for name in own_rounds[0]}
    other = {name: statistics.median(values[name] for values in peer_rounds) for name in peer_rounds[0]}
    print(f"## replay ({machine()})\n")
    print(f"CPU µs for each of {own['pictures']:.0f} faces (224x224 JPEG to 200x200 float, model_age_q), one core, medians of {ROUNDS} "
          "rounds in turns; the peer is Pillow, numpy and ai-edge-litert.\n")
    print("| part | daylight | Python | ratio |\n|---|---|---|---|")
    for name, what in (("decode", "decode JPEG"), ("resize", "resize as Pillow"), ("normalize", "pixels to normalised floats"),
                       ("outside", "**everything outside the interpreter**"), ("model", "interpreter"), ("whole", "**whole**")):
        print(f"| {what} | {own[name]:.0f} | {other[name]:.0f} | {other[name] / own[name]:.2f} |")
    print(f"\nResizing as Android does takes {own['android']:.0f} µs.\n")


if __name__ == "__main__":
    main()
