// SPDX-License-Identifier: Apache-2.0
// `daylight detect`: an inventory, in a case or alone, and the forms in which it is given out.
#include "daylight/cli/detect_verb.h"

#include <fmt/format.h>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/cli/detect_inputs.h"
#include "daylight/cli/extraction.h"
#include "daylight/cli/refusals.h"
#include "daylight/cli/stages.h"
#include "daylight/report/inventory_table.h"
#include "daylight/report/ml_bom.h"
#include "daylight/report/model_tsv.h"
#include "daylight/report/sarif.h"

namespace dl::cli {
namespace {

// Before anything is read: flags that exclude each other, files that would be destroyed.
Result<void> refuse_outputs(const Options& options) {
  if (options.json && options.detect.tsv) {
    return fail(ErrorCode::kInvalidArgument, "--json and --tsv are both given", "detect",
                "stdout holds one result; --out writes the inventory to a file");
  }
  for (const auto& out : {options.out, options.detect.sarif, options.detect.ml_bom})
    TRY_VOID(refuse_input_as_out(out, {options.app, options.detect.mapping}));
  TRY_VOID(refuse_filled_folder(options.detect.extract, options.detect.force));
  if (!options.detect.sarif.empty() && options.detect.sarif == options.detect.ml_bom) {
    return fail(ErrorCode::kInvalidArgument, "--sarif and --mlbom both name this file",
                options.detect.sarif.string(), "name two files");
  }
  return {};
}

// The forms that other programs read.
Result<void> write_exchange_forms(const DetectFlags& flags, const Inventory& inventory) {
  if (!flags.sarif.empty())
    TRY_VOID(write_file_atomic(flags.sarif, dump_json(inventory_to_sarif(inventory))));
  if (!flags.ml_bom.empty())
    TRY_VOID(write_file_atomic(flags.ml_bom, dump_json(inventory_to_ml_bom(inventory))));
  return {};
}

// Everything that is written besides the inventory.
Result<void> write_outputs(const Options& options, const program::AppPackage& app,
                           Terminal& terminal, DetectResult& result) {
  const DetectFlags& flags = options.detect;
  TRY_VOID(write_exchange_forms(flags, result.inventory));
  if (flags.tsv) result.output = render_model_tsv(result.inventory);
  if (flags.extract.empty()) return {};
  const Extraction extraction = TRY(extract_models(app, result.inventory, flags.extract));
  for (const Gap& gap : extraction.failed) {
    terminal.message(LogLevel::kWarning,
                     printable(gap.where) + " was not extracted: " + printable(gap.why, 400));
  }
  terminal.message(LogLevel::kInfo,
                   fmt::format("{} of {} models extracted to {}", extraction.written,
                               result.inventory.models.size(), flags.extract.string()));
  result.inputs_failed = !extraction.failed.empty();
  return {};
}

// Without a case nothing is written unless a flag says so.
Result<DetectResult> detect_alone(const Options& options, Terminal& terminal) {
  const DetectInputs inputs = TRY(DetectInputs::read(options.detect));
  const auto app = TRY(program::AppPackage::open(options.app, terminal, options.app_data));
  const auto code = program::AppCode::build(app);
  const Json json = to_json(TRY(inputs.detect(app, *code, terminal)));
  const std::string text = dump_json(json);
  if (!options.out.empty()) TRY_VOID(write_file_atomic(options.out, text));
  DetectResult result;
  // What a reader of the file has: a case gives out the same bytes.
  result.inventory = TRY(inventory_from_json(json, kInventoryFile));
  result.output = options.json ? text : render_inventory_table(result.inventory);
  TRY_VOID(write_outputs(options, app, terminal, result));
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
  TRY_VOID(write_outputs(options, *TRY(session.app()), terminal, result));
  return result;
}

}  // namespace

Result<DetectResult> detect_verb(const Options& options, Terminal& terminal) {
  TRY_VOID(refuse_outputs(options));
  return options.case_folder.empty() ? detect_alone(options, terminal)
                                     : detect_in_case(options, terminal);
}

}  // namespace dl::cli
