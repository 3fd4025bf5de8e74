# SPDX-License-Identifier: Apache-2.0
# Writes the seeds of image_fuzz: tiny pictures of every kind that replay decodes, drawn from a formula (needs Pillow).
import pathlib

from PIL import Image

folder = pathlib.Path(__file__).parent / "corpus" / "image"
folder.mkdir(parents=True, exist_ok=True)
WIDTH, HEIGHT = 11, 9


def drawn(mode):
    bands = len(Image.new(mode, (1, 1)).getbands())
    values = bytes((37 * x + 61 * y + 90 * b + x * y) % 256 for y in range(HEIGHT) for x in range(WIDTH) for b in range(bands))
    return Image.frombytes(mode, (WIDTH, HEIGHT), values)


def save(name, picture, **options):
    picture.save(folder / name, **options)


exif = Image.Exif()
exif[0x0112] = 6
save("baseline.jpg", drawn("RGB"), quality=30)
save("progressive.jpg", drawn("RGB"), quality=30, progressive=True, subsampling=0)
save("grey.jpg", drawn("L"), quality=30)
save("cmyk.jpg", drawn("CMYK"), quality=30)
save("exif.jpg", drawn("RGB"), quality=10, exif=exif)
save("rgb.png", drawn("RGB"))
save("alpha.png", drawn("RGBA"))
save("palette.png", drawn("RGB").quantize(5), transparency=1)
save("one-bit.png", drawn("L").convert("1"))
save("deep.png", drawn("L").convert("I;16"))
save("exif.png", drawn("L"), exif=exif)
save("lossy.webp", drawn("RGB"), quality=20)
save("lossless.webp", drawn("RGBA"), lossless=True)
save("animated.webp", drawn("RGBA"), lossless=True, save_all=True, append_images=[drawn("RGBA").rotate(180)], duration=50)
(folder / "block.tiff").write_bytes(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")
