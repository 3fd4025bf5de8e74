# Hostile clients of a collector; seeds by make_seeds_wire.py.
daylight_fuzz_target(wire daylight_capture)
