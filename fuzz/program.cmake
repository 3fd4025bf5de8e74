# The app's code as one program; the seeds are the DEX files that tests/unit/program/small_app.cc assembles.
daylight_fuzz_target(app_code daylight_program)
daylight_fuzz_target(name_mapping daylight_program)
