# JSON artifacts as `daylight check` reads them, and tables of answers; seeds by make_seeds_artifacts.py.
set(artifacts_mutations 300)
daylight_fuzz_target(artifacts daylight_cli daylight_test_support)
daylight_fuzz_target(predictions daylight_artifact daylight_test_support)
