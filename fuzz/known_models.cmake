# Tables of detection; the seed is written by hand.
daylight_fuzz_target(known_models daylight_detect)
