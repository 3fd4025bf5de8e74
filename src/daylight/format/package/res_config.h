// SPDX-License-Identifier: Apache-2.0
// The configuration that a resource value is for, as the qualifiers of a resource folder's name.
//
// Source: ResTable_config of Android's ResourceTypes.h and the table "Configuration qualifier
// names" of its guide.
#pragma once

#include <string>

#include "daylight/base/bytes.h"

namespace dl {

// "" for the default configuration, else such as "fr-rCA-sw600dp-land-xhdpi-v21". Fields that have
// no short qualifier here are appended as "x" and their bytes in hexadecimal, so that different
// configurations have different texts. `config` is a ResTable_config, its size field included;
// short (old) ones are read as far as they go.
std::string res_config_text(ByteSpan config);

}  // namespace dl
