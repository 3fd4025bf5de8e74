# The walk from damaged code to a pipeline; seeds by make_seeds_rebuild.py. The app around the code is put together
# by tests/support/flow_app.cc.
set(rebuild_mutations 300)
daylight_fuzz_target(rebuild daylight_rebuild daylight_test_support)
target_sources(rebuild_fuzz PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/flow_app.cc")
