# What apps come in beside APKs: bundles, libraries, apps of Apple's systems.
daylight_unit_test(macho_test SOURCES code/macho_test.cc DEPENDS daylight_format)
daylight_unit_test(property_list_test SOURCES package/property_list_test.cc DEPENDS daylight_format)
daylight_unit_test(proto_xml_test SOURCES package/proto_xml_test.cc DEPENDS daylight_format)
daylight_unit_test(java_class_test SOURCES code/java_class_test.cc DEPENDS daylight_format)
