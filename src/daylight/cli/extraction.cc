// SPDX-License-Identifier: Apache-2.0
// Writing of a model's bytes, checked by digest.
#include "daylight/cli/extraction.h"

#include <algorithm>
#include <set>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/detect/located_model.h"
#include "daylight/detect/rules/rules.h"
#include "daylight/report/shown_inventory.h"

namespace dl::cli {
namespace {

constexpr std::size_t kMaxKeyBytes = 256;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

// The model's bytes as its runtime reads them, and whether a key was applied.
struct ModelBytes {
  std::string bytes;
  bool decrypted = false;
};

Result<ModelBytes> bytes_of(const program::AppPackage& app, const ModelRecord& model) {
  const ModelLocation& at = model.location;
  const auto content = TRY(located_model(app, at.entry, at.offset, at.size));
  const std::string_view stored = as_text(content.bytes);
  const bool hidden = model.encryption == "xor" && !model.encryption_key.empty();
  // A chain whose steps take the key off leads to the model itself.
  if (sha256_hex(stored) == model.sha256) return ModelBytes{std::string(stored), hidden};
  if (hidden) {
    // The key begins with the model, or with the entry that holds it.
    const std::size_t key_bytes = std::max<std::size_t>(model.encryption_key.size() / 2, 1);
    for (const std::size_t phase : {std::size_t{0}, std::size_t(at.offset % key_bytes)}) {
      auto plain = decrypt_xor(content.bytes, model.encryption_key, phase);
      if (!plain) return fail(ErrorCode::kCorrupt, "its key is no list of 1 to 256 bytes");
      if (sha256_hex(*plain) == model.sha256) return ModelBytes{std::move(*plain), true};
    }
  }
  return fail(ErrorCode::kCorrupt, "its bytes have another SHA-256 than the inventory says");
}

class Extractor {
 public:
  Extractor(const program::AppPackage& app, const std::filesystem::path& folder)
      : app_(app), folder_(folder) {}

  Result<void> add(const ModelRecord& model) {
    Json item = {{"id", model.id},
                 {"format", model.format},
                 {"location",
                  {{"file", printable(model.location.file)},
                   {"entry", model.location.entry},
                   {"offset", model.location.offset},
                   {"size", model.location.size}}}};
    if (!model.location.url.empty()) {
      item["location"]["url"] = printable(model.location.url, 1000);
      models_.push_back(std::move(item));
      return {};
    }
    auto bytes = bytes_of(app_, model);
    if (!bytes) {
      failed_.push_back({model.id, describe(bytes.error())});
      return {};
    }
    const std::string inner = entry_file_name(model.location.entry);
    const std::string stem = without_extension(inner.empty() ? model.location.file : inner);
    item["path"] = TRY(write(model.id + "-" + stem + format_extension(model.format), bytes->bytes));
    item["sha256"] = sha256_hex(bytes->bytes);
    item["size"] = bytes->bytes.size();
    item["decrypted"] = bytes->decrypted;
    for (const ModelCompanion& companion : model.companions) {
      TRY_VOID(add_companion(model, companion, item));
    }
    models_.push_back(std::move(item));
    ++written_;
    return {};
  }

  Result<Extraction> finish(const Provenance& provenance) {
    Json index = artifact_head("extraction", provenance);
    index["models"] = std::move(models_);
    index["failed"] = to_json(failed_);
    TRY_VOID(write_file_atomic(folder_ / "index.json", dump_json(index)));
    return Extraction{written_, std::move(failed_)};
  }

 private:
  static std::string without_extension(const std::string& entry) {
    const std::string name = file_name_part(entry);
    const std::size_t dot = name.rfind('.');
    return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
  }

  Result<void> add_companion(const ModelRecord& model, const ModelCompanion& companion,
                             Json& item) {
    const auto content = app_.located_bytes(companion.entry, 0, companion.size);
    if (!content || sha256_hex(content->bytes) != companion.sha256) {
      failed_.push_back({model.id + " " + companion.role,
                         content ? "its bytes have another SHA-256 than the inventory says"
                                 : describe(content.error())});
      return {};
    }
    const std::string name = entry_file_name(companion.entry);
    const std::string path =
        TRY(write(model.id + "-" + file_name_part(name), std::string(as_text(content->bytes))));
    item["companions"].push_back({{"role", companion.role},
                                  {"path", path},
                                  {"sha256", companion.sha256},
                                  {"entry", companion.entry}});
    return {};
  }

  // The name that the file got: ids may come from a file that a stranger wrote, so the whole name
  // is made plain, and no two files share one.
  Result<std::string> write(const std::string& wanted, const std::string& bytes) {
    const std::string plain = file_name_part(wanted);
    std::string name = plain;
    for (int i = 2; !names_.insert(to_lower(name)).second; ++i)
      name = std::to_string(i) + "-" + plain;
    TRY_VOID(write_file_atomic(folder_ / name, bytes));
    return name;
  }

  const program::AppPackage& app_;
  const std::filesystem::path& folder_;
  Json models_ = Json::array();
  std::vector<Gap> failed_;
  std::set<std::string> names_ = {"index.json"};
  std::size_t written_ = 0;
};

}  // namespace

std::string format_extension(const std::string& format) {
  for (const FormatRule& rule : RuleSet::builtin().formats()) {
    if (rule.id == format && !rule.extensions.empty()) return rule.extensions.front();
  }
  return ".bin";
}

std::string file_name_part(std::string_view entry) {
  const std::size_t slash = entry.find_last_of("/\\");
  if (slash != std::string_view::npos) entry.remove_prefix(slash + 1);
  std::string out;
  for (const char c : entry) out += is_plain(c) ? c : '_';
  out.erase(0, std::min(out.find_first_not_of('.'), out.size()));
  // The end of a name tells more (an extension) than its beginning.
  if (out.size() > kMaxExtractedName) out.erase(0, out.size() - kMaxExtractedName);
  out.erase(0, std::min(out.find_first_not_of('.'), out.size()));
  return out.empty() ? "model" : out;
}

std::optional<std::string> decrypt_xor(ByteSpan bytes, std::string_view hex_key,
                                       std::size_t phase) {
  std::string key;
  if (hex_key.empty() || hex_key.size() % 2 != 0 || hex_key.size() / 2 > kMaxKeyBytes)
    return std::nullopt;
  for (std::size_t i = 0; i < hex_key.size(); i += 2) {
    const int high = hex_digit(hex_key[i]);
    const int low = hex_digit(hex_key[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    key += static_cast<char>(high * 16 + low);
  }
  std::string out(as_text(bytes));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(out[i] ^ key[(i + phase) % key.size()]);
  return out;
}

Result<Extraction> extract_models(const program::AppPackage& app, const Inventory& inventory,
                                  const std::filesystem::path& folder) {
  TRY_VOID(make_private_folder(folder));
  Extractor extractor(app, folder);
  for (const ModelRecord& model : inventory.models) TRY_VOID(extractor.add(model));
  return extractor.finish(inventory.provenance);
}

}  // namespace dl::cli
