# Traces: frames, packs, indexes of blobs and whole run folders; seeds by make_seeds_trace.py.
daylight_fuzz_target(trace daylight_artifact)
