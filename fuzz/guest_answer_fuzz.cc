// SPDX-License-Identifier: Apache-2.0
// Answers that the code of a hostile library wrote in place of ours: what is accepted can be
// rendered, line by printable line, and is accepted again as it is printed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "daylight/base/bytes.h"
#include "daylight/cli/guest_answer_check.h"
#include "daylight/cli/guest_report.h"

namespace {

using dl::cli::AnswerKind;
using dl::cli::CheckedAnswer;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string render(AnswerKind kind, const CheckedAnswer& answer) {
  switch (kind) {
    case AnswerKind::kNatives:
      return render_natives(answer);
    case AnswerKind::kExports:
      return render_exports(answer);
    case AnswerKind::kCall:
      return render_call(answer);
    case AnswerKind::kTrace:
      return render_trace(answer, "run");
  }
  return "";
}

void require_error(const dl::Error& error) {
  require(!error.what.empty() && error.where == "guest");
}

void check_outputs(std::string_view text) {
  auto outputs = dl::cli::ModelOutputs::read(std::string(text));
  if (!outputs) return require_error(outputs.error());
  require(std::move(*outputs).to_message() == text);
}

}  // namespace

// The first byte says whose answer it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = dl::as_text({data + 1, size - 1});
  if (data[0] % 5 == 4) {
    check_outputs(text);
    return 0;
  }
  const auto kind = static_cast<AnswerKind>(data[0] % 5);
  const auto answer = CheckedAnswer::read(kind, text, size % 2 == 0);
  if (!answer) {
    require_error(answer.error());
    return 0;
  }
  require(answer->isolated() == (size % 2 == 0));
  const std::string shown = render(kind, *answer);
  require(!shown.empty() && shown.back() == '\n');
  for (const char c : shown) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  const std::string printed = dl::dump_json(answer->json());
  const auto again = CheckedAnswer::read(kind, printed, answer->isolated());
  require(again.has_value() && dl::dump_json(again->json()) == printed);
  require(render(kind, *again) == shown);
  return 0;
}
