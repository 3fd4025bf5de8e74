# Containers inside containers, and everything that detection does with one file.
# Each variant runs every reader of models.
set(blob_mutations 100)
set(container_mutations 500)
daylight_fuzz_target(container daylight_format)
daylight_fuzz_target(blob daylight_detect)
