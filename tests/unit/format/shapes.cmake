# What apps come in beside APKs: bundles, libraries, apps of Apple's systems.
daylight_unit_test(macho_test SOURCES macho_test.cc DEPENDS daylight_format)
daylight_unit_test(property_list_test SOURCES property_list_test.cc DEPENDS daylight_format)
