// SPDX-License-Identifier: Apache-2.0
// The field reader: no exception leaves it, whatever the types are.
#include "daylight/artifact/json_fields.h"

#include <cmath>

namespace dl {

FieldReader::FieldReader(const Json& json, std::string where)
    : json_(&json), where_(std::move(where)) {
  if (!json.is_object()) error_ = Error{ErrorCode::kCorrupt, "expected an object", where_};
}

const Json* FieldReader::find(const char* name) const {
  if (error_) return nullptr;
  const auto found = json_->find(name);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

void FieldReader::wrong_type(const char* name, const char* expected) {
  if (!error_) {
    error_ =
        Error{ErrorCode::kCorrupt, std::string("field '") + name + "' is not " + expected, where_};
  }
}

std::string FieldReader::path(const char* name, std::size_t index) const {
  return where_ + "." + name + "[" + std::to_string(index) + "]";
}

void FieldReader::text(const char* name, std::string& out) {
  const Json* found = find(name);
  if (found == nullptr) return;
  if (!found->is_string()) return wrong_type(name, "text");
  out = found->get_ref<const std::string&>();
}

void FieldReader::required_text(const char* name, std::string& out) {
  text(name, out);
  if (!error_ && out.empty()) {
    error_ =
        Error{ErrorCode::kCorrupt, std::string("field '") + name + "' is missing or empty", where_};
  }
}

void FieldReader::number(const char* name, double& out) {
  const Json* found = find(name);
  if (found == nullptr) return;
  if (!found->is_number()) return wrong_type(name, "a number");
  out = found->get<double>();
}

void FieldReader::optional_number(const char* name, std::optional<double>& out) {
  const Json* found = find(name);
  if (found == nullptr) return;
  if (!found->is_number()) return wrong_type(name, "a number or null");
  out = found->get<double>();
}

void FieldReader::unsigned_number(const char* name, std::uint64_t& out) {
  const Json* found = find(name);
  if (found == nullptr) return;
  const bool fits = found->is_number_unsigned() ||
                    (found->is_number_integer() && found->get<std::int64_t>() >= 0);
  if (!fits) return wrong_type(name, "a whole number of zero or more");
  out = found->get<std::uint64_t>();
}

void FieldReader::boolean(const char* name, bool& out) {
  const Json* found = find(name);
  if (found == nullptr) return;
  if (!found->is_boolean()) return wrong_type(name, "true or false");
  out = found->get<bool>();
}

void FieldReader::text_list(const char* name, std::vector<std::string>& out) {
  list(name, out, [](const Json& item, const std::string& where) -> Result<std::string> {
    if (!item.is_string()) return fail(ErrorCode::kCorrupt, "expected text", where);
    return item.get<std::string>();
  });
}

void FieldReader::any(const char* name, Json& out) {
  const Json* found = find(name);
  if (found != nullptr) out = *found;
}

const Json* FieldReader::array(const char* name) {
  const Json* found = find(name);
  if (found != nullptr && !found->is_array()) {
    wrong_type(name, "a list");
    return nullptr;
  }
  return found;
}

const Json* FieldReader::object(const char* name) {
  const Json* found = find(name);
  if (found != nullptr && !found->is_object()) {
    wrong_type(name, "an object");
    return nullptr;
  }
  return found;
}

Result<void> FieldReader::finish() const {
  if (error_) return tl::unexpected(*error_);
  return {};
}

Json number_or_null(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return *value;
}

}  // namespace dl
