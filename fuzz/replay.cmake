# Picture decoders behind replay's own glue; seeds by make_seeds_replay.py.
daylight_fuzz_target(image daylight_replay)
