# SPDX-License-Identifier: Apache-2.0
"""Runs a model three times on noise, and keeps the tensors that went in and came out."""
import sys

import numpy
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(model_path=sys.argv[1])
interpreter.allocate_tensors()
source = numpy.random.default_rng(7)
kept = {}
for run in range(3):
    for detail in interpreter.get_input_details():
        value = (source.random(detail["shape"]) * 255).astype(detail["dtype"])
        interpreter.set_tensor(detail["index"], value)
        kept[f"in{run}"] = value
    interpreter.invoke()
    for detail in interpreter.get_output_details():
        kept[f"out{run}"] = interpreter.get_tensor(detail["index"])
numpy.savez(sys.argv[2], **kept)
