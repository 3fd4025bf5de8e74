# Tables and file names of data sets, and samples.csv; seeds by make_seeds_samples.py.
daylight_fuzz_target(samples daylight_replay)
