# Containers, manifests, resources, signatures, native libraries.
foreach(name zip axml arsc signing elf)
  daylight_fuzz_target(${name} daylight_format)
endforeach()
