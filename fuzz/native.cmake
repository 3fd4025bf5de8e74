# Native code: functions, references, graph, tables, anchors; the seeds come from make_seeds_native.py.
daylight_fuzz_target(native_code daylight_detect)
# Arbitrary code in the closed box; the seeds come from make_seeds_native_machine.py.
daylight_fuzz_target(native_machine daylight_program)
