# Logs of other tools; seeds by make_seeds_imports.py.
foreach(format jack jnitrace frida_trace logcat)
  daylight_fuzz_target(import_${format} daylight_capture)
endforeach()
