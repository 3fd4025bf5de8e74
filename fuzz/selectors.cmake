# The language of selectors, and recipes; the seeds are written by hand.
daylight_fuzz_target(selector daylight_artifact)
daylight_fuzz_target(recipe daylight_detect)
