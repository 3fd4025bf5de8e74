#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes an app with a hostile model: one byte of the sample app's gender model is changed where the app has it stored.

Usage: hostile_model.py APK MODEL OUT
"""
import sys

# Found by trying every byte of the model's tables: the structure stays valid, running it reads where nothing is.
OFFSET, FROM, TO = 137092, 8, 0


def main():
    apk, model = bytearray(open(sys.argv[1], "rb").read()), open(sys.argv[2], "rb").read()
    place = apk.find(model)
    if place < 0 or model[OFFSET] != FROM:
        sys.exit("the app does not have the model stored as it is, or the model was made anew: find bytes again")
    apk[place + OFFSET] = TO
    open(sys.argv[3], "wb").write(apk)


if __name__ == "__main__":
    main()
