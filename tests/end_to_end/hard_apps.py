#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds apps that hide what they do, from text and the project's own models, and says what each holds.

hard_apps.py make FOLDER PROJECT      builds the apps and FOLDER/apps.json: for each what must be found, and nothing else
hard_apps.py check APPS NAME INVENTORY TABLE TSV   exits with 1 where the answers for the app NAME differ from that

In apps.json a model is [its place, format, state, digest or "", address or ""], a framework [id, layer], a call [pattern of its api, use];
gaps are patterns: each is met, and every gap meets one.
"""
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

from hard_files import aes, noise, xored, zip_of
from onnx_model import onnx_model
from strip_library import stripped

FRAMEWORK = "/usr/share/android-framework-res/framework-res.apk"
SCREEN = '<activity android:name="app.Screen" android:exported="true"><intent-filter>' \
         '<action android:name="android.intent.action.MAIN"/><category android:name="android.intent.category.LAUNCHER"/>' \
         '</intent-filter></activity>'
UNNAMED = "no code names this model"


def quietly(*command: str | pathlib.Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stdout}{done.stderr}")


class Workshop:
    """Makes the parts of apps in a folder of its own."""

    def __init__(self, folder: pathlib.Path, project: pathlib.Path):
        self.folder, self.work, self.project = folder, folder / "work", project
        self.texts = project / "tests/end_to_end/hard_apps"
        self.work.mkdir()
        self.apps: dict[str, dict] = {}

    def manifest(self, package: str, attributes: str = "", inside: str = SCREEN) -> bytes:
        """Binary XML, as aapt makes it."""
        source, packed = self.work / "AndroidManifest.xml", self.work / "manifest.apk"
        source.write_text(f'<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="{package}" '
                          f'android:versionCode="3" {attributes}><application>{inside}</application></manifest>')
        quietly("aapt", "package", "-f", "-M", source, "-I", FRAMEWORK, "-F", packed)
        with zipfile.ZipFile(packed) as archive:
            return archive.read("AndroidManifest.xml")

    def dex(self, work: str, filled: dict[str, str] | None = None) -> bytes:
        """The screen and the class app.Work of the text `work`, with the places @NAME@ filled in."""
        sources = []
        for name in ("screen", work):
            text = (self.texts / f"{name}.smali").read_text()
            for place, content in (filled or {}).items():
                text = text.replace(f"@{place}@", content)
            sources.append(self.work / f"{name}.smali")
            sources[-1].write_text(text)
        out = self.work / "out.dex"
        out.unlink(missing_ok=True)  # smali ends with 0 where it refuses a text
        quietly("smali", "assemble", "--jobs", "1", "--output", out, *sources)
        return out.read_bytes()

    def library(self, source: str) -> bytes:
        out = self.work / "out.so"
        quietly("clang-14", "--target=aarch64-linux-android29", "-shared", "-fPIC", "-O2", "-nostdlib", "-fuse-ld=lld",
                "-Wl,--build-id=none", "-o", out, self.texts / f"{source}.c")
        return out.read_bytes()

    def app(self, name: str, files: dict[str, bytes], **expected) -> None:
        """Writes an app and what must be found in it; a field that is not given is empty."""
        path = self.folder / name
        if name.endswith("/"):
            path.mkdir()
            for inner, content in files.items():
                (path / inner).write_bytes(content)
        else:
            path.write_bytes(zip_of(files))
        fields = {"package": "app.hard", "models": [], "frameworks": [], "calls": [], "tasks": [], "gaps": []}
        self.apps[name.rstrip("/")] = fields | expected


def whole(name: str, model: bytes, model_format: str, state: str = "none") -> list[str]:
    return [name, model_format, state, hashlib.sha256(model).hexdigest(), ""]


def address(url: str, model_format: str) -> list[str]:
    return ["classes.dex", model_format, "unknown", "", url]


def make_splits(shop: Workshop, model: bytes, runtime: bytes) -> None:
    """The code in the base, the library in the split of the processor, the model in a feature."""
    parts = {
        "base.apk": zip_of({"AndroidManifest.xml": shop.manifest("app.hard"), "classes.dex": shop.dex("open_model")}),
        "split_config.arm64_v8a.apk": zip_of({
            "AndroidManifest.xml": shop.manifest("app.hard", 'split="config.arm64_v8a"', ""),
            "lib/arm64-v8a/libfaces.so": runtime}),
        "split_faces.apk": zip_of({
            "AndroidManifest.xml": shop.manifest("app.hard", 'split="faces" android:isFeatureSplit="true"', ""),
            "assets/face_age.tflite": model}),
    }
    expected = {"models": [whole("assets/face_age.tflite", model, "tflite")], "frameworks": [["tflite", "native"]],
                "tasks": ["age"]}
    shop.app("splits.apks", parts, **expected)
    shop.app("splits/", parts, **expected)


def make_ciphered(shop: Workshop, models: dict[str, bytes]) -> None:
    """Models under ciphers whose key is in the code, and one whose key is not."""
    manifest = shop.manifest("app.hard")
    key, start = "sixteen byte key", "start value 0123"
    text_key = '    const-string v0, "sixteen byte key"\n    invoke-virtual {v0}, Ljava/lang/String;->getBytes()[B\n' \
               '    move-result-object v0\n'
    native_key = "    invoke-static {}, Lapp/Keys;->fromNative()[B\n    move-result-object v0\n"
    for model_format, model in models.items():
        for mode, transformation in (("cbc", "AES/CBC/PKCS5Padding"), ("ctr", "AES/CTR/NoPadding")):
            dex = shop.dex("vault", {"KEY": text_key, "MODE": transformation, "START": start})
            files = {"AndroidManifest.xml": manifest, "classes.dex": dex,
                     "assets/vault.dat": aes(mode, key.encode(), start.encode(), model)}
            shop.app(f"{model_format}-{mode}.apk", files, tasks=["other"],
                     models=[whole("assets/vault.dat", model, model_format, "encrypted")])
        dex = shop.dex("xor_loop", {"KEY": "0f xor and more of it 32 letters"})
        shop.app(f"{model_format}-xor.apk", {
            "AndroidManifest.xml": manifest, "classes.dex": dex,
            "assets/vault.dat": xored(model, b"0f xor and more of it 32 letters")}, tasks=["other"],
            models=[whole("assets/vault.dat", model, model_format, "xor")])
    dex = shop.dex("vault", {"KEY": native_key, "MODE": "AES/CBC/PKCS5Padding", "START": start})
    locked = aes("cbc", key.encode(), start.encode(), models["tflite"])
    for name in ("vault.dat", "vault.tflite"):
        shop.app(f"locked-{name}.apk", {
            "AndroidManifest.xml": manifest, "classes.dex": dex, f"assets/{name}": locked},
            models=[[f"assets/{name}", "unknown", "encrypted", "", ""]] if name.endswith("tflite") else [],
            tasks=["other"] if name.endswith("tflite") else [],
            gaps=[UNNAMED] if name.endswith("tflite") else ["assets/vault.dat.*is encrypted, by its bytes"])


def make_remote(shop: Workshop) -> None:
    files = {"AndroidManifest.xml": shop.manifest("app.hard"), "classes.dex": shop.dex("remote"),
             "lib/arm64-v8a/libfetch.so": shop.library("remote")}
    native = "lib/arm64-v8a/libfetch.so"
    shop.app("remote.apk", files, tasks=["age", "emotion", "gender", "other", "pose", "race", "skin"],
             models=[
        address("https://whole.example.com/v2/face_age.tflite", "tflite"),
        address("https://firebaseml.googleapis.com/v1beta2/projects/p/models/m:download", "unknown"),
        address("https://joined.example.com/v3/{}/gender.onnx", "onnx"),
        address("https://joined.example.com/concat/slim.mnn", "mnn"),
        address("https://joined.example.com/models/race.ptl", "torchscript"),
        address("https://joined.example.com/fields/emotion.tflite", "tflite"),
        [native, "tflite", "unknown", "", "https://native.example.com/models/skin.tflite"],
        [native, "unknown", "unknown", "", "https://huggingface.co/someone/faces/resolve/main/weights.bin"],
        [native, "onnx", "unknown", "", "https://native.example.com/%s/pose.onnx"]])


def make_unbundled(shop: Workshop) -> None:
    """Models that Google's services bring: only the manifest says so."""
    dex = shop.dex("idle")
    for name, key, value, framework, tasks in (
            ("unbundled-mlkit", "com.google.mlkit.vision.DEPENDENCIES", "face,ocr", "mlkit", ["face-detection", "ocr"]),
            ("unbundled-gms", "com.google.android.gms.vision.DEPENDENCIES", "barcode,face", "gms_vision", ["barcode", "face-detection"]),
            ("unbundled-firebase", "com.google.firebase.ml.vision.DEPENDENCIES", "label", "firebase_ml", ["image-classification"])):
        manifest = shop.manifest("app.hard", "", f'{SCREEN}<meta-data android:name="{key}" android:value="{value}"/>')
        shop.app(f"{name}.apk", {"AndroidManifest.xml": manifest, "classes.dex": dex},
                 frameworks=[[framework, "manifest"]], tasks=tasks)
    manifest = shop.manifest("app.hard", "", f'{SCREEN}<meta-data android:name="com.example.vision.DEPENDENCIES" android:value="face,ocr"/>')
    shop.app("bundled-nothing.apk", {"AndroidManifest.xml": manifest, "classes.dex": dex})


def make_stripped(shop: Workshop, runtimes: dict[str, tuple[str, bytes]]) -> None:
    """Runtimes without their name, section headers, exports, version notes: as linked into a library of the app's own."""
    files = {"AndroidManifest.xml": shop.manifest("app.hard"), "classes.dex": shop.dex("idle")}
    for name, (abi, library) in runtimes.items():
        shop.app(f"static-{name}.apk", files | {f"lib/{abi}/libcore.so": stripped(library)}, static=name,
                 frameworks=[[name.split("-")[0], "native"]], calls=[[f"native:{name.split('-')[0]}[.].*", "present"]])


def published_runtimes(project: pathlib.Path) -> dict[str, tuple[str, bytes]]:
    """Libraries of the artifacts that this machine has; the first is the sample app's own."""
    maven = pathlib.Path.home() / ".m2/repository"
    places = {
        "tflite": (project / "third/mirror/tensorflow-lite-2.14.0.aar", "jni/arm64-v8a/libtensorflowlite_jni.so", "arm64-v8a"),
        "tflite-x86_64": (project / "third/mirror/tensorflow-lite-2.14.0.aar", "jni/x86_64/libtensorflowlite_jni.so", "x86_64"),
        "pytorch": (maven / "org/pytorch/pytorch_android_lite/1.12.2/pytorch_android_lite-1.12.2.aar", "jni/arm64-v8a/libpytorch_jni_lite.so", "arm64-v8a"),
        "onnxruntime": (maven / "com/microsoft/onnxruntime/onnxruntime/1.17.3/onnxruntime-1.17.3.jar", "ai/onnxruntime/native/linux-x64/libonnxruntime.so", "x86_64"),
        "tesseract": (maven / "com/rmtheis/tess-two/9.1.0/tess-two-9.1.0.aar", "jni/arm64-v8a/libtess.so", "arm64-v8a"),
        "opencv": (maven / "com/quickbirdstudios/opencv/4.5.3.0/opencv-4.5.3.0.aar", "jni/arm64-v8a/libopencv_java4.so", "arm64-v8a"),
        "tfmobile": (maven / "org/tensorflow/tensorflow-android/1.13.1/tensorflow-android-1.13.1.aar", "jni/arm64-v8a/libtensorflow_inference.so", "arm64-v8a"),
    }
    out = {}
    for name, (archive, entry, abi) in places.items():
        if archive.is_file():
            with zipfile.ZipFile(archive) as parts:
                out[name] = (abi, parts.read(entry))
    return out


def make(folder: pathlib.Path, project: pathlib.Path) -> None:
    model = (project / "examples/mirror/models/age.tflite").read_bytes()
    runtimes = published_runtimes(project)
    shop = Workshop(folder, project)
    make_splits(shop, model, runtimes["tflite"][1])
    make_ciphered(shop, {"tflite": model, "onnx": onnx_model()})
    make_remote(shop)
    make_unbundled(shop)
    make_stripped(shop, runtimes)
    shutil.rmtree(shop.work)
    (folder / "apps.json").write_text(json.dumps(shop.apps, indent=1))


def differences(what: str, want: list, have: list) -> list[str]:
    return [f"{what} missing: {item}" for item in want if item not in have] + \
           [f"{what} invented: {item}" for item in have if item not in want]


def check(want: dict, inventory: dict, table: str, tsv: str) -> list[str]:
    wrong = []
    if inventory["app"]["package"] != want["package"]:
        wrong.append(f"package {inventory['app']['package']}")
    models = []
    for model in inventory["models"]:
        url = model["location"].get("url", "")
        entry = next(step for step in model["location"]["entry"] if not step.endswith(".apk"))
        digest = "" if url or model["format"] == "unknown" else model["sha256"]
        models.append([entry, model["format"], model["encryption"]["state"], digest, url])
    wrong += differences("model", want["models"], models)
    wrong += differences("framework", want["frameworks"], [[f["id"], f["layer"]] for f in inventory["frameworks"]])
    if "static" in want and [f["linked"] for f in inventory["frameworks"]] != ["static"]:
        wrong.append("the runtime is not called static")
    wrong += [f"call invented: {call['api']}" for call in inventory["calls"]
              if not any(re.fullmatch(api, call["api"]) and call["use"] == use for api, use in want["calls"])]
    wrong += differences("task", want["tasks"], sorted({t["task"] for t in inventory["tasks"]}))
    gaps = [f"{gap['where']}: {gap['why']}" for gap in inventory["gaps"]]
    wrong += [f"gap missing: {pattern}" for pattern in want["gaps"] if not any(re.search(pattern, gap) for gap in gaps)]
    wrong += [f"gap too many: {gap}" for gap in gaps if not any(re.search(pattern, gap) for pattern in want["gaps"])]
    # The other two answers say the same.
    count = f"Models ({len(models)})" if models else "Models: none"
    if count not in table:
        wrong.append(f"the table does not say {count}")
    if len(tsv.splitlines()) != 1 + len(models):
        wrong.append(f"{len(tsv.splitlines())} lines of TSV for {len(models)} models")
    wrong += [f"not in the table: {url}" for *_, url in models if url and url[:40] not in table]
    wrong += [f"not in the TSV: {url or entry}" for entry, *_, url in models if (url or entry) not in tsv]
    return wrong


def main() -> int:
    if sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
        return 0
    want = json.loads(pathlib.Path(sys.argv[2]).read_text())[sys.argv[3]]
    inventory, table, tsv = (pathlib.Path(path).read_text() for path in sys.argv[4:7])
    wrong = check(want, json.loads(inventory), table, tsv)
    for line in wrong:
        print(f"{sys.argv[3]}: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
