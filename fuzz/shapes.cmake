# What apps come in beside APKs; seeds by make_seeds_shapes.py.
daylight_fuzz_target(proto_xml daylight_format)
daylight_fuzz_target(xml_text daylight_program)
daylight_fuzz_target(java_class daylight_format)
daylight_fuzz_target(property_list daylight_format)
daylight_fuzz_target(macho daylight_format)
