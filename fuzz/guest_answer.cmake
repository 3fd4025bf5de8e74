# What a guest's process sends, and how it is shown; seeds by make_seeds_guest_answer.py.
if(TARGET daylight_cli)
  daylight_fuzz_target(guest_answer daylight_cli)
endif()
