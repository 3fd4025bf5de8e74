#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU time of one inference with a published TensorFlow Lite library: arm64 code translated (ours), its x86-64 twin as it is (host),
the arm64 code under qemu-user, and TensorFlow Lite on a desk: all with the built-in kernels, and all but qemu with XNNPACK. One thread, inputs drawn
once; programs take turns, so that what else the machine does falls on all of them. Also the CPU time of loading a library of 47 MB.

Usage: guest_bench.py PROGRAM ORACLE MODELS [--rounds N]     the targets guest_bench and guest_oracle; a folder of .tflite files, beside which lies
the folder "apps" with an app whose model is all of 8 bits (left out where it is absent)
Prints a section of bench/RESULTS.md.
"""
import argparse
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import zipfile

from whole_process import machine

ROOT = pathlib.Path(__file__).resolve().parent.parent
AAR = ROOT / "third/mirror/tensorflow-lite-2.14.0.aar"
LARGE = ROOT / "third/download/pytorch_android_lite-1.12.2.aar"
MODELS = ["model_lite_age_nonq.tflite", "version-slim-320_without_postprocessing.tflite", "deeplabv3_257_mv_gpu.tflite", "model_age_q.tflite"]
INT8_APP, INT8_MODEL = "../apps/ra-faceapp.apk", "assets/style_predict_quantized_256.tflite"
DESK = """
import resource, sys
from ai_edge_litert.interpreter import Interpreter, OpResolverType
import numpy
kind, model, data, rounds = sys.argv[1:]
resolver = OpResolverType.BUILTIN if kind == "xnnpack" else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
run = Interpreter(model_path=model, num_threads=1, experimental_op_resolver_type=resolver)
run.allocate_tensors()
each = run.get_input_details()[0]
run.set_tensor(each["index"], numpy.fromfile(data, each["dtype"]).reshape(each["shape"]))
for i in range(int(rounds) + 1):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    run.invoke()
    if i: print(round((resource.getrusage(resource.RUSAGE_SELF).ru_utime - before) * 1e6))
"""


def microseconds(command: list) -> list[float]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def least(command: list) -> float | None:
    """None where the library has no XNNPACK for the model: shapes that change."""
    try:
        return min(microseconds(command))
    except subprocess.CalledProcessError as error:
        if "no interpreter with XNNPACK" in error.stderr:
            return None
        raise


def ratio(one: float | None, other: float | None) -> str:
    return "-" if one is None or other is None else f"{one / other:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("oracle", type=pathlib.Path)
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ours, oracle = options.program, options.oracle
    print(f"## guest ({machine()})\n")
    print("CPU ms of one inference, one thread, the least of a run's repetitions, median of runs in turns. arm64: the library's arm64 code translated; host: its x86-64 twin as it is; qemu:")
    print("the arm64 code under qemu-user; desk: ai-edge-litert. XNNPACK: with its kernels in place of the built-in ones; - where the library refuses that for the model.\n")
    print("| model | arm64 | host | qemu | desk | arm64, XNNPACK | host, XNNPACK | desk, XNNPACK | arm64 to host | qemu to arm64 | arm64 to desk | with XNNPACK: arm64 to host | arm64 to desk |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with zipfile.ZipFile(AAR) as archive:
            archive.extractall(folder, [each for each in archive.namelist() if each.startswith("jni/")])
        arm, intel = (folder / f"jni/{abi}/libtensorflowlite_jni.so" for abi in ("arm64-v8a", "x86_64"))
        (folder / "desk.py").write_text(DESK)
        models = [options.models / each for each in MODELS]
        app = options.models / INT8_APP
        if app.exists():
            with zipfile.ZipFile(app) as archive:
                archive.extract(INT8_MODEL, folder)
            models.append(folder / INT8_MODEL)
        for model in models:
            size = int(subprocess.run([ours, "size", arm, model], capture_output=True, text=True, check=True).stdout)
            random.seed(1)
            floats = size % 4 == 0
            data = folder / "in"
            data.write_bytes(struct.pack(f"<{size // 4}f", *(random.random() for _ in range(size // 4))) if floats else random.randbytes(size))
            out, python = folder / "out", ROOT / "third/venv/bin/python"
            commands = {
                "arm64": [ours, "tflite", arm, model, data, out, "4"],
                "host": [ours, "tflite", intel, model, data, out, "4"],
                "qemu": ["qemu-aarch64-static", "-cpu", "cortex-a76", oracle, "tflite", arm, model, data, out, "1"],
                "desk": [python, folder / "desk.py", "builtin", model, data, "4"],
                "arm64_xnnpack": [ours, "xnnpack", arm, model, data, out, "4"],
                "host_xnnpack": [ours, "xnnpack", intel, model, data, out, "4"],
                "desk_xnnpack": [python, folder / "desk.py", "xnnpack", model, data, "4"],
            }
            times: dict[str, list[float | None]] = {kind: [] for kind in commands}
            for _ in range(options.rounds):
                for kind, command in commands.items():
                    times[kind].append(least(command))
            median = {kind: None if None in values else statistics.median(values) / 1000 for kind, values in times.items()}
            pairs = [("arm64", "host"), ("qemu", "arm64"), ("arm64", "desk"), ("arm64_xnnpack", "host_xnnpack"), ("arm64_xnnpack", "desk_xnnpack")]
            print(f"| {model.name} | " + " | ".join("-" if median[kind] is None else f"{median[kind]:.2f}" for kind in commands)
                  + " | " + " | ".join(ratio(median[one], median[other]) for one, other in pairs) + " |", flush=True)
        print()
        if LARGE.exists():
            with zipfile.ZipFile(LARGE) as archive:
                archive.extractall(folder / "large", [each for each in archive.namelist() if each.startswith("jni/")])
            for abi in ("arm64-v8a", "x86_64"):
                command = [ours, "load", folder / "large/jni" / abi, "libpytorch_jni_lite.so"]
                seconds = statistics.median(microseconds(command)[0] for _ in range(options.rounds)) / 1e6
                print(f"Loading libpytorch_jni_lite.so (47 MB, {abi}) and its JNI_OnLoad: {seconds:.2f} s CPU.", flush=True)
        print("\n")


if __name__ == "__main__":
    sys.exit(main())
