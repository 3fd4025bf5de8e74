// SPDX-License-Identifier: Apache-2.0
// How one record of an inventory is worded: whose it is, where it lies, what goes in and out.
#pragma once

#include <string>

#include "daylight/artifact/inventory.h"

namespace dl {

// "com.example (own code)", "ML Kit (SDK)", "unknown".
std::string origin_phrase(const Origin& origin);
// "assets/a.zip > m.tflite at byte 64": the chain of entries, or of an app that is one file its
// name. For texts, with " \u203a " between the parts.
std::string location_phrase(const ModelRecord& model);
// "float32 [1, 200, 200, 3] -> float32 [1, 1]"; empty where no border was read.
std::string borders_phrase(const ModelRecord& model);
// "XOR-encrypted, key recovered"; empty for a model that is not encrypted. Never the key.
std::string encryption_phrase(const ModelRecord& model);
// The calling method as the app's own developers name it where a mapping said so:
// "org.example.Age.predict".
std::string caller_phrase(const CallRecord& call);
// Whether the caller is a native function that has no name but its offset: "libx.so!+0x2d58".
bool has_position_name(const CallRecord& call);
// "Lorg/example/Age;->predict(I)V" -> "org.example.Age.predict"; any other text made printable.
std::string method_phrase(const std::string& method);

}  // namespace dl
