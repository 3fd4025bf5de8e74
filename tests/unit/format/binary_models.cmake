# Models that are FlatBuffers, archives, or known by a header of their own.
daylight_unit_test(flat_schema_test SOURCES flat_schema_test.cc DEPENDS daylight_format)
daylight_unit_test(tflite_graph_test SOURCES tflite_graph_test.cc zip_builder.cc DEPENDS daylight_format)
daylight_unit_test(mnn_test SOURCES mnn_test.cc DEPENDS daylight_format)
daylight_unit_test(ort_test SOURCES ort_test.cc DEPENDS daylight_format)
daylight_unit_test(pickle_test SOURCES pickle_test.cc DEPENDS daylight_format)
daylight_unit_test(archive_models_test SOURCES archive_models_test.cc zip_builder.cc DEPENDS daylight_format)
