// SPDX-License-Identifier: Apache-2.0
// A library that fetches models: two whole addresses, one with a place for a name, and one of no model.
extern void fetch(const char* address);
extern int format(char* out, unsigned long size, const char* pattern, ...);

void Java_app_Work_load(void* environment, void* type, const char* name) {
  char address[256];
  (void)environment;
  (void)type;
  fetch("https://native.example.com/models/skin.tflite");
  fetch("https://huggingface.co/someone/faces/resolve/main/weights.bin");
  fetch("https://native.example.com/help/index.html");
  format(address, sizeof address, "https://native.example.com/%s/pose.onnx", name);
  fetch(address);
}
