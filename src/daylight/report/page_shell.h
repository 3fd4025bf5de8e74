// SPDX-License-Identifier: Apache-2.0
// The frame of the page: content security policy with digests, the embedded style and script, the
// table of contents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"

namespace dl {

struct PageShell {
  std::string title;
  std::string content;                                        // HTML of the header and the sections
  std::string data;                                           // from dump_for_script()
  std::vector<std::pair<std::string, std::string>> contents;  // anchor, title
};

// The whole document. Its policy allows the embedded script and style by their SHA-256 and nothing
// else: no network, no eval, no inline handler, and in browsers that know trusted types no text
// that becomes markup. kCorrupt if the embedded files are not what the build put there.
Result<std::string> assemble_page(const PageShell& shell);

// "sha256-<base64>" as a policy names a script or style.
std::string policy_digest(std::string_view content);

}  // namespace dl
