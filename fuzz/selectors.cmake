# The language of selectors; the seeds are written by hand.
daylight_fuzz_target(selector daylight_artifact)
