# SPDX-License-Identifier: Apache-2.0
"""What the hard cases share: archives without times, ciphers, noise."""
import io
import random
import subprocess
import tarfile
import zipfile


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()


def tar_of(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def xored(content: bytes, key: bytes) -> bytes:
    repeated = key * (len(content) // len(key) + 1)
    return bytes(a ^ b for a, b in zip(content, repeated))


def aes(mode: str, key: bytes, start: bytes, content: bytes) -> bytes:
    """AES-128 in the mode "ctr" or "cbc"."""
    return subprocess.run(["openssl", "enc", f"-aes-128-{mode}", "-K", key.hex(), "-iv", start.hex()],
                          input=content, check=True, capture_output=True).stdout


def noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)
