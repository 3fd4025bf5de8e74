// SPDX-License-Identifier: Apache-2.0
// Statements "type name = operation(key = value, ...)[attributes];" of MIL's text form.
#include "daylight/format/coreml/mil_text.h"

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

constexpr std::string_view kStart = "program(";

// Where one of the characters stands outside of brackets and quotes, from `at`; npos if nowhere.
std::size_t find_outside(std::string_view text, std::string_view wanted, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
      continue;
    }
    if (depth <= 0 && wanted.find(c) != std::string_view::npos) return at;
    if (c == '(' || c == '[' || c == '{' || c == '<') ++depth;
    if (c == ')' || c == ']' || c == '}' || c == '>') --depth;
  }
  return std::string_view::npos;
}

std::vector<std::string_view> parts_outside(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(find_outside(text, ",", at), text.size());
    const std::string_view part = trim(text.substr(at, end - at));
    if (!part.empty()) parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

std::string plain_type(std::string_view type) {
  if (type == "fp16") return "float16";
  if (type == "fp32") return "float32";
  if (type == "fp64") return "float64";
  if (type == "bool" || type == "string" || type.starts_with("int") || type.starts_with("uint"))
    return std::string(type);
  return type.empty() ? "" : "other";
}

// "tensor<fp16, [1, 64, 112, 112]> name": type, shape and name.
GraphTensor typed_name(std::string_view text) {
  GraphTensor tensor;
  const std::size_t blank = text.find_last_of(" \t\n");
  tensor.name = trim(blank == std::string_view::npos ? text : text.substr(blank + 1));
  const std::size_t open = text.find('<');
  if (open == std::string_view::npos) return tensor;
  const std::size_t comma = text.find_first_of(",>", open);
  if (comma == std::string_view::npos) return tensor;
  tensor.dtype = plain_type(trim(text.substr(open + 1, comma - open - 1)));
  const std::size_t sizes = text.find('[', open);
  const std::size_t end = text.find(']', open);
  if (sizes == std::string_view::npos || end == std::string_view::npos || end < sizes)
    return tensor;
  for (const std::string& size : split(text.substr(sizes + 1, end - sizes - 1), ','))
    if (!trim(size).empty() && tensor.shape.size() < kMaxGraphRank)
      tensor.shape.push_back(parse_integer(trim(size)).value_or(-1));
  return tensor;
}

// The value of "tensor<int32, [2]>([1, 1])": what stands in the last brackets, without blanks.
std::string value_text(std::string_view text) {
  const std::size_t type_end = find_outside(text, "(", 0);
  if (type_end != std::string_view::npos && text.ends_with(')'))
    text = text.substr(type_end + 1, text.size() - type_end - 2);
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '\n' && c != '\t' && c != '"') out += c;
  return out;
}

class Reader {
 public:
  Reader(std::string_view text, GraphFiller& filler) : text_(text), filler_(filler) {}

  std::uint64_t read() {
    std::size_t at = text_.find("func ");
    while (at != std::string_view::npos) {
      at = read_function(at);
      at = at == std::string_view::npos ? at : text_.find("func ", at);
    }
    for (const std::string& file : files_)
      filler_.gap("weights", "they lie in another file: " + file);
    return elsewhere_;
  }

 private:
  // Gives the place behind the function.
  std::size_t read_function(std::size_t at) {
    const std::size_t open = find_outside(text_, "(", at);
    const std::size_t close =
        open == std::string_view::npos ? open : find_outside(text_, ")", open + 1);
    const std::size_t body = close == std::string_view::npos ? close : text_.find('{', close);
    if (body == std::string_view::npos) return body;
    for (const std::string_view input : parts_outside(text_.substr(open + 1, close - open - 1)))
      filler_.input(typed_name(input));
    std::size_t next = body + 1;
    while (statements_ < kMaxMilStatements) {
      const std::size_t end = find_outside(text_, ";}", next);
      if (end == std::string_view::npos || text_[end] == '}') {
        read_outputs(end);
        return end;
      }
      read_statement(trim(text_.substr(next, end - next)));
      next = end + 1;
    }
    filler_.gap("statements", "more than " + std::to_string(kMaxMilStatements) + " are not read");
    return std::string_view::npos;
  }

  // "} -> (a, b);"
  void read_outputs(std::size_t block) {
    if (block == std::string_view::npos) {
      filler_.gap("function", "it has no end");
      return;
    }
    const std::size_t open = text_.find('(', block);
    const std::size_t arrow = text_.find("->", block);
    if (open == std::string_view::npos || arrow > open) return;
    const std::size_t close = find_outside(text_, ")", open + 1);
    if (close == std::string_view::npos) return;
    for (const std::string_view name : parts_outside(text_.substr(open + 1, close - open - 1))) {
      const auto known = types_.find(std::string(name));
      filler_.output(known == types_.end() ? GraphTensor{std::string(name), {}, ""}
                                           : known->second);
    }
  }

  void read_statement(std::string_view text) {
    ++statements_;
    const std::size_t equals = find_outside(text, "=", 0);
    if (equals == std::string_view::npos) return;
    const std::string_view call = trim(text.substr(equals + 1));
    const std::size_t open = call.find('(');
    if (open == std::string_view::npos) return;
    const std::size_t close = find_outside(call, ")", open + 1);
    if (close == std::string_view::npos) return;
    GraphOperator op;
    op.name = trim(call.substr(0, open));
    for (const std::string_view output : parts_outside(text.substr(0, equals))) {
      GraphTensor tensor = typed_name(output);
      op.outputs.push_back(tensor.name);
      types_.insert_or_assign(tensor.name, std::move(tensor));
    }
    if (op.name == "const") {
      if (!op.outputs.empty()) note_constant(op.outputs.front(), call.substr(close + 1));
      return;
    }
    read_arguments(call.substr(open + 1, close - open - 1), op);
    filler_.operation(std::move(op));
  }

  void note_constant(const std::string& name, std::string_view attributes) {
    attributes = trim(attributes);
    if (attributes.size() < 2) return;
    for (const std::string_view part : parts_outside(attributes.substr(1, attributes.size() - 2))) {
      const std::size_t equals = part.find('=');
      if (equals == std::string_view::npos || trim(part.substr(0, equals)) != "val") continue;
      const GraphTensor& type = types_[name];
      const std::string_view value = trim(part.substr(equals + 1));
      if (const std::size_t blob = value.find("BLOBFILE"); blob != std::string_view::npos) {
        const std::size_t quote = value.find('"', blob);
        const std::size_t end =
            quote == std::string_view::npos ? quote : value.find('"', quote + 1);
        if (end != std::string_view::npos) files_.emplace(value.substr(quote + 1, end - quote - 1));
        elsewhere_ = add_checked(elsewhere_, element_count(type.shape)).value_or(elsewhere_);
        constants_[name] = typed_shape_text(type);
      } else {
        constants_[name] = value_text(value);
      }
    }
  }

  void read_arguments(std::string_view text, GraphOperator& op) {
    DetailText detail;
    for (const std::string_view argument : parts_outside(text)) {
      const std::size_t equals = find_outside(argument, "=", 0);
      if (equals == std::string_view::npos) continue;
      const std::string_view key = trim(argument.substr(0, equals));
      std::string_view value = trim(argument.substr(equals + 1));
      if (value.starts_with('(') && value.ends_with(')')) value = value.substr(1, value.size() - 2);
      for (const std::string_view name : parts_outside(value)) {
        const auto constant = constants_.find(std::string(name));
        if (constant != constants_.end()) {
          detail.text(key, constant->second);
        } else if (name.find('(') != std::string_view::npos) {
          detail.text(key, value_text(name));
        } else {
          op.inputs.emplace_back(name);
        }
      }
    }
    op.detail = detail.take();
  }

  std::string_view text_;
  GraphFiller& filler_;
  std::size_t statements_ = 0;
  std::uint64_t elsewhere_ = 0;
  std::unordered_map<std::string, GraphTensor> types_;
  std::unordered_map<std::string, std::string> constants_;
  std::set<std::string> files_;
};

}  // namespace

bool is_mil_text(ByteSpan bytes) {
  const std::string_view text = as_text(bytes);
  if (!text.starts_with(kStart)) return false;
  const std::size_t function = text.find("func ");
  return function != std::string_view::npos &&
         text.find("->", function) != std::string_view::npos &&
         is_plain_text(text.substr(0, std::min<std::size_t>(function + 5, 1U << 20U)));
}

std::uint64_t read_mil_text(std::string_view text, GraphFiller& filler) {
  return Reader(text, filler).read();
}

}  // namespace dl
