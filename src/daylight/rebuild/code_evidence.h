// SPDX-License-Identifier: Apache-2.0
// Instructions as evidence: file, DEX, offset, method and the instruction's text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/dex_flow/dex_flow.h"
#include "daylight/program/package/app_package.h"

namespace dl::rebuild {

// Pieces of evidence of one step; more are left out.
inline constexpr std::size_t kMaxStepEvidence = 12;

// Not thread safe; what it refers to must outlive it.
class CodeEvidence {
 public:
  CodeEvidence(const program::AppPackage& app, const program::AppCode& code,
               const program::FlowGraph& graph)
      : app_(app), code_(code), graph_(graph) {}

  // The instruction of a site. Where that lies in a library's code, also the nearest call of the
  // app's own code that led there.
  void add(std::vector<Evidence>& list, program::SiteId site, std::string_view rule) const;
  // The instruction that made a value, and those that made the constants among its operands.
  void add_node(std::vector<Evidence>& list, program::NodeId node, std::string_view rule) const;
  std::string method(program::SiteId site) const;

 private:
  Evidence at(program::SiteId site, std::string_view rule) const;

  const program::AppPackage& app_;
  const program::AppCode& code_;
  const program::FlowGraph& graph_;
};

}  // namespace dl::rebuild
