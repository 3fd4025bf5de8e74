# SPDX-License-Identifier: Apache-2.0
# Writes the seeds of samples_fuzz from the tables of the generated faces and from the layouts that docs/formats/samples.md describes.
import pathlib

root = pathlib.Path(__file__).resolve().parent.parent
folder = root / "fuzz" / "corpus" / "samples"
folder.mkdir(parents=True, exist_ok=True)


def head(path, lines):
    return "".join((root / path).read_text(encoding="utf-8").splitlines(keepends=True)[:lines])


FAIRFACE = "file,age,gender,race,service_test\nval/1.jpg,3-9,Male,East Asian,True\nval/2.jpg,more than 70,Female,Latino_Hispanic,False\nval/3.jpg,20-30,Male,White,False\n"
DIGEST = "".join(f"{i % 16:x}" for i in range(64))
seeds = {
    "fairface": "0" + FAIRFACE,
    "fairface-tabs": "0\ufeff" + FAIRFACE.replace(",", "\t"),
    "csv-edge": "1" + head("examples/mirror/faces-edge/samples.csv", 6),
    "csv-columns": f'1file,country,identity,weight,sha256\r\na.jpg, NL ,p1,2.5,{DIGEST}\r\n../b.jpg,"D,""E",p2,,{DIGEST}\r\n/fuzz/set/c.jpg,,,-1,\r\n',
    "utkface": "2part1/61_1_3_20170109150557335.jpg\n8_0_0_20170109150557336.jpg.chip.jpg\n61_3_2017.jpg\n",
    "folders": "3race,gender\nWhite/Male/a.jpg\nBlack/Female/b.jpg\nBlack/c.jpg\n",
    "folders-named": "3\nrace=White/gender=Male/a.jpg\nrace=Black/b.jpg\n",
    "samples-faces": "4" + head("examples/mirror/faces/samples.csv", 4),
    "samples-columns": f'4file,age,source,weight,sha256\n../../a b.jpg,20-29,"x\ny",0.5,{DIGEST}\nb.jpg,,,,\n',
}
for name, text in seeds.items():
    (folder / name).write_bytes(text.encode("utf-8"))
