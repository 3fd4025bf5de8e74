// SPDX-License-Identifier: Apache-2.0
// Adding to and listing of known models.
#include "daylight/cli/models_verb.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/detect/rules/rules.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/report/text_layout.h"

namespace dl::cli {
namespace {

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Result<std::filesystem::path> table_path(const ModelsOptions& options) {
  const auto path = options.known.empty() ? user_known_models() : options.known;
  if (!path.empty()) return path;
  return fail(ErrorCode::kInvalidArgument, "there is no place for the user's own table", "models",
              "name a file with --known, or set XDG_DATA_HOME or HOME");
}

Result<ExitCode> add(const ModelsOptions& options, Terminal& terminal) {
  for (const std::string& task : options.tasks) {
    if (RuleSet::builtin().task(task) != nullptr) continue;
    std::vector<std::string> known;
    for (const TaskRule& rule : RuleSet::builtin().tasks()) known.push_back(rule.id);
    return fail(ErrorCode::kInvalidArgument, "there is no task '" + printable(task) + "'", "--task",
                "the tasks are: " + join(known, ", "));
  }
  const auto path = TRY(table_path(options));
  const auto file = TRY(MappedFile::open(options.file));
  KnownModel model = describe_known_model(file.bytes(), options.architecture);
  model.name = options.name;
  model.tasks = options.tasks;
  model.source = options.source;
  if (model.weights_hash.empty() && model.graph_hash.empty()) {
    terminal.message(LogLevel::kWarning,
                     "the weights were not read: only a copy with the same bytes will be known");
  }
  KnownModels table = TRY(read_known_models(path, true));
  table.add(model);
  if (path.has_parent_path()) TRY_VOID(make_private_folder(path.parent_path()));
  TRY_VOID(write_file_atomic(path, dump_json(to_json(table))));
  terminal.message(LogLevel::kInfo, fmt::format("{} models in {}", table.models().size(),
                                                printable(path.string(), 400)));
  KnownModels one;
  one.add(std::move(model));
  print(dump_json(to_json(one)["models"][0]));
  return kDone;
}

void add_rows(const KnownModels& models, const char* table,
              std::vector<std::vector<std::string>>& rows) {
  for (const KnownModel& model : models.models()) {
    const std::string& digest = !model.sha256.empty()         ? model.sha256
                                : !model.weights_hash.empty() ? model.weights_hash
                                                              : model.graph_hash;
    rows.push_back({table, digest.substr(0, 12), join(model.tasks, ", "), printable(model.name)});
  }
}

Result<ExitCode> list(const ModelsOptions& options) {
  const auto path = options.known.empty() ? user_known_models() : options.known;
  const KnownModels own =
      path.empty() ? KnownModels{} : TRY(read_known_models(path, options.known.empty()));
  if (options.json) {
    KnownModels all = KnownModels::builtin();
    all.add_all(own);
    print(dump_json(to_json(all)));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  add_rows(own, "own", rows);
  add_rows(KnownModels::builtin(), "builtin", rows);
  print(text_table({{"table", 8}, {"digest", 12}, {"tasks", 28}, {"name"}}, rows, 0));
  return kDone;
}

}  // namespace

std::filesystem::path user_known_models() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program sets the environment
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data != '\0')
    return std::filesystem::path(data) / "daylight" / "known_models.json";
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".local" / "share" / "daylight" / "known_models.json";
}

Result<KnownModels> read_known_models(const std::filesystem::path& path, bool may_be_absent) {
  const auto text = read_file(path, kMaxKnownModelsFile);
  if (!text) {
    if (may_be_absent && text.error().code == ErrorCode::kNotFound) return KnownModels{};
    return tl::unexpected(text.error());
  }
  return KnownModels::parse(*text, path.string());
}

KnownModel describe_known_model(ByteSpan bytes, bool with_graph) {
  KnownModel model;
  const auto probe = probe_model(bytes);
  if (!probe) {
    model.sha256 = sha256_hex(bytes);
    return model;
  }
  const auto own = subspan_checked(bytes, 0, probe->size);
  model.sha256 = sha256_hex(own ? *own : bytes);
  const ModelFormat* format = model_format(probe->format);
  if (format == nullptr || format->describe == nullptr) return model;
  const ModelGraph graph = format->describe(bytes, *probe);
  model.weights_hash = graph.weights_hash;
  if (with_graph) model.graph_hash = graph.graph_hash;
  return model;
}

Result<ExitCode> run_models_verb(const std::string& verb, const ModelsOptions& options,
                                 Terminal& terminal) {
  return verb == "models add" ? add(options, terminal) : list(options);
}

}  // namespace dl::cli
