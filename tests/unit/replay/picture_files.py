# SPDX-License-Identifier: Apache-2.0
# Writes small pictures of every kind that replay decodes, with the pixels that Pillow reads back, into a folder.
import io
import pathlib
import sys

try:
    import numpy as np
    from PIL import Image
except ImportError:
    sys.exit(3)

folder = pathlib.Path(sys.argv[1])
rows = ["file,width,height,channels,orientation,tolerance"]


def smooth(height, width, channels):
    y, x = np.mgrid[0:height, 0:width]
    bands = [127 + 120 * np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) for c in range(channels)]
    return np.stack(bands, axis=2).astype(np.uint8)


def write(name, picture, read_as, orientation=1, tolerance=0, **options):
    buffer = io.BytesIO()
    picture.save(buffer, **options)
    (folder / name).write_bytes(buffer.getvalue())
    pixels = np.asarray(Image.open(buffer).convert(read_as))
    pixels.tofile(folder / (name + ".raw"))
    height, width, channels = pixels.shape
    rows.append(f"{name},{width},{height},{channels},{orientation},{tolerance}")


rgb = Image.fromarray(smooth(61, 83, 3), "RGB")
rgba = Image.fromarray(smooth(61, 83, 4), "RGBA")
grey = Image.fromarray(smooth(61, 83, 1)[:, :, 0], "L")
exif = Image.Exif()
exif[0x0112] = 6

for subsampling in (0, 1, 2):
    write(f"rgb-{subsampling}.jpg", rgb, "RGB", format="JPEG", quality=90, subsampling=subsampling)
write("progressive.jpg", rgb, "RGB", format="JPEG", quality=70, progressive=True)
write("grey.jpg", grey, "RGB", format="JPEG", quality=90)
# Pillow rounds the product of ink and black in another way.
write("cmyk.jpg", Image.fromarray(smooth(61, 83, 4), "CMYK"), "RGB", tolerance=1, format="JPEG", quality=90)
write("turned.jpg", rgb, "RGB", orientation=6, format="JPEG", exif=exif)
write("rgb.png", rgb, "RGB", format="PNG")
write("rgba.png", rgba, "RGBA", format="PNG")
write("grey.png", grey, "RGB", format="PNG")
write("palette.png", rgb.quantize(32), "RGB", format="PNG")
write("one-bit.png", grey.convert("1"), "RGB", format="PNG")
write("turned.png", rgb, "RGB", orientation=6, format="PNG", exif=exif)
palette = rgb.quantize(16)
write("transparent-palette.png", palette, "RGBA", format="PNG", transparency=3)
write("lossless.webp", rgb, "RGB", format="WEBP", lossless=True)
write("lossless-alpha.webp", rgba, "RGBA", format="WEBP", lossless=True, exact=True)
write("lossy.webp", rgb, "RGB", tolerance=1, format="WEBP", quality=80)
write("turned.webp", rgb, "RGB", orientation=6, format="WEBP", lossless=True, exif=exif)
write("animated.webp", rgba, "RGBA", format="WEBP", lossless=True, exact=True, save_all=True,
      append_images=[rgba.rotate(180)], duration=100)
(folder / "pictures.csv").write_text("\n".join(rows) + "\n")
