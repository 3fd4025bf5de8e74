# Models that are FlatBuffers, archives, or known by a header; seeds by make_seeds_binary_models.py.
daylight_fuzz_target(flatbuffer_models daylight_format)
daylight_fuzz_target(archive_models daylight_format)
daylight_fuzz_target(header_models daylight_format)
