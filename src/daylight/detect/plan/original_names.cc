// SPDX-License-Identifier: Apache-2.0
// Original names of calls and evidence.
#include "daylight/detect/plan/original_names.h"

#include "daylight/base/text.h"

namespace dl {
namespace {

void name_evidence(const program::NameMapping& mapping, std::vector<Evidence>& evidence) {
  for (Evidence& item : evidence) {
    if (!item.method.empty())
      item.original_method = printable(mapping.original_method_text(item.method), 1000);
  }
}

// The callee as the mapping names it; a library that was not renamed has no names in the file.
void name_callee(const program::NameMapping& mapping, CallRecord& call) {
  call.original_class = mapping.original_class(call.klass);
  const std::size_t open = call.method.find('(');
  if (call.original_class.empty() || open == std::string::npos) return;
  call.original_method =
      mapping.original_method(call.klass, call.method.substr(0, open), call.method.substr(open));
}

}  // namespace

void add_original_names(const program::NameMapping& mapping, Inventory& inventory) {
  bool any = inventory.calls.empty();
  for (CallRecord& call : inventory.calls) {
    name_callee(mapping, call);
    call.original_caller = mapping.original_method_text(call.caller);
    any = any || !call.original_class.empty() || !call.original_caller.empty();
    name_evidence(mapping, call.evidence);
  }
  for (ModelRecord& model : inventory.models) name_evidence(mapping, model.evidence);
  for (FrameworkRecord& framework : inventory.frameworks)
    name_evidence(mapping, framework.evidence);
  for (TaskRecord& task : inventory.tasks) name_evidence(mapping, task.evidence);
  for (const FormatGap& gap : mapping.gaps().list())
    inventory.gaps.push_back({printable(gap.where), printable(gap.why)});
  if (!any) {
    inventory.gaps.push_back(
        {"mapping", "the mapping file names no method that was found: is it of another build?"});
  }
}

}  // namespace dl
