# Native code: functions, references, graph, tables, anchors; the seeds come from make_seeds_native.py.
daylight_fuzz_target(native_code daylight_detect)
