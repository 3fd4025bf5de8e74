// SPDX-License-Identifier: Apache-2.0
// `daylight detect`: an inventory, in a case or alone, and the forms in which it is given out.
#include "daylight/cli/detect_verb.h"

#include "daylight/artifact/json_fields.h"
#include "daylight/base/file.h"
#include "daylight/cli/refusals.h"
#include "daylight/cli/stages.h"
#include "daylight/detect/detector.h"
#include "daylight/report/inventory_table.h"
#include "daylight/report/model_tsv.h"

namespace dl::cli {
namespace {

// Before anything is read: flags that exclude each other, files that would be destroyed.
Result<void> refuse_outputs(const Options& options) {
  if (options.json && options.detect.tsv) {
    return fail(ErrorCode::kInvalidArgument, "--json and --tsv are both given", "detect",
                "stdout holds one result; --out writes the inventory to a file");
  }
  return refuse_input_as_out(options.out, {options.app});
}

// Without a case nothing is written unless a flag says so.
Result<DetectResult> detect_alone(const Options& options, Terminal& terminal) {
  const auto app = TRY(program::AppPackage::open(options.app, terminal));
  const RuleSet& rules = RuleSet::builtin();
  DetectResult result;
  result.inventory = TRY(detect(app, rules, {}, terminal));
  result.inventory.provenance = detect_provenance(app, rules, {});
  const std::string text = dump_json(to_json(result.inventory));
  if (!options.out.empty()) TRY_VOID(write_file_atomic(options.out, text));
  result.output = options.json ? text : render_inventory_table(result.inventory);
  return result;
}

Result<DetectResult> detect_in_case(const Options& options, Terminal& terminal) {
  auto folder = TRY(CaseFolder::open(options.case_folder));
  Session session(std::move(folder), options, terminal);
  TRY(run_stages(session, "detect", "detect"));
  const Json json = TRY(session.folder().read_json(kInventoryFile));
  DetectResult result;
  const std::string file = session.folder().file(kInventoryFile).string();
  result.inventory = TRY(inventory_from_json(json, file));
  result.output = options.json ? dump_json(json) : file + "\n";
  return result;
}

}  // namespace

Result<DetectResult> detect_verb(const Options& options, Terminal& terminal) {
  TRY_VOID(refuse_outputs(options));
  DetectResult result = TRY(options.case_folder.empty() ? detect_alone(options, terminal)
                                                        : detect_in_case(options, terminal));
  if (options.detect.tsv) result.output = render_model_tsv(result.inventory);
  return result;
}

}  // namespace dl::cli
