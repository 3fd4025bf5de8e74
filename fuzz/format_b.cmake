# DEX and TensorFlow Lite readers; seeds by make_seeds_b.py.
daylight_fuzz_target(dex daylight_format)
daylight_fuzz_target(tflite daylight_format)
daylight_fuzz_target(tflite_metadata daylight_format)
