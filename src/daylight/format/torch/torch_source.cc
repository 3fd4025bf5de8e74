// SPDX-License-Identifier: Apache-2.0
// Scans TorchScript source for calls of operators.
#include "daylight/format/torch/torch_source.h"

#include <cctype>
#include <string>
#include <utility>

#include "daylight/base/text.h"

namespace dl {
namespace {

// Characters of a call's arguments that go into its detail.
constexpr std::size_t kMaxArguments = 400;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

std::string_view word_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_word(text[end])) ++end;
  return text.substr(at, end - at);
}

bool is_operator(std::string_view word) {
  return word.starts_with("torch.") || word.starts_with("ops.");
}

// Arguments up to the closing bracket: literals stay, names go.
std::string argument_text(std::string_view text, std::size_t at) {
  std::string out;
  int depth = 0;
  while (at < text.size() && out.size() < kMaxArguments) {
    const char c = text[at];
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (depth == 0) return out;
    if (is_word(c)) {
      const std::string_view word = word_at(text, at);
      const bool literal = std::isdigit(static_cast<unsigned char>(c)) != 0 || word == "True" ||
                           word == "False" || word == "None";
      out += literal ? std::string(word) : word.starts_with("CONSTANTS.") ? "C" : "_";
      at += word.size();
      continue;
    }
    if (std::isspace(static_cast<unsigned char>(c)) == 0 && !(depth == 1 && c == '(')) out += c;
    ++at;
  }
  return out;
}

// "self: X, x: Tensor, y: int) -> Tensor" behind "def forward(".
void add_borders(std::string_view text, std::size_t at, ModelGraph& graph) {
  constexpr std::size_t kLongest = 20000;
  text = text.substr(0, at + kLongest);
  const std::size_t arrow = text.find(") -> ", at);
  const std::size_t end = arrow == std::string_view::npos ? arrow : text.find(":\n", arrow);
  if (end == std::string_view::npos) return;
  for (const std::string& part : split(text.substr(at, arrow - at), ',')) {
    const std::size_t colon = part.find(':');
    const std::string name(trim(std::string_view(part).substr(0, colon)));
    if (colon == std::string::npos || name == "self") continue;
    GraphTensor tensor;
    tensor.name = name;
    tensor.dtype = trim(std::string_view(part).substr(colon + 1)) == "Tensor" ? "" : "other";
    if (graph.inputs.size() < kMaxGraphBorders) graph.inputs.push_back(std::move(tensor));
  }
  constexpr std::size_t kArrow = 5;
  GraphTensor result;
  result.name = "result0";
  result.dtype = text.substr(arrow + kArrow, end - arrow - kArrow) == "Tensor" ? "" : "other";
  graph.outputs.push_back(std::move(result));
}

}  // namespace

void add_torch_source(std::string_view source, ModelGraph& graph) {
  constexpr std::string_view kForward = "def forward(";
  std::size_t at = 0;
  while (at < source.size()) {
    if (!is_word(source[at])) {
      ++at;
      continue;
    }
    const std::string_view word = word_at(source, at);
    if (word == "def" && source.substr(at).starts_with(kForward) && graph.inputs.empty() &&
        graph.outputs.empty()) {
      add_borders(source, at + kForward.size(), graph);
    }
    const std::size_t behind = at + word.size();
    const bool call = behind < source.size() && source[behind] == '(' && is_operator(word);
    if (call && graph.operators.size() < kMaxGraphOperators)
      graph.operators.push_back({std::string(word), argument_text(source, behind), {}, {}});
    at = behind;
  }
}

}  // namespace dl
