// SPDX-License-Identifier: Apache-2.0
// Walks arbitrary bytes as a message on the wire and as its text form.
#include "daylight/format/encoding/protobuf.h"
#include "daylight/format/encoding/protobuf_text.h"
#include "daylight/format/model/graph_parts.h"
#include "model_format_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes{data, size};
  dl::ProtoReader reader(bytes);
  std::uint64_t last = 0;
  while (const auto field = reader.next()) {
    dl::fuzz::require(field->number > 0 && field->number <= dl::kMaxProtoFieldNumber);
    dl::fuzz::require(field->bytes.size() <= size);
    dl::fuzz::require(field->cut || reader.offset() > last);
    last = reader.offset();
    std::vector<std::int64_t> integers;
    std::vector<float> numbers;
    dl::append_proto_integers(*field, 100, integers);
    dl::append_proto_floats(*field, 100, numbers);
    dl::fuzz::require(integers.size() <= 100 && numbers.size() <= 100);
  }
  dl::fuzz::require(reader.offset() <= size);
  const dl::ProtoText text = dl::read_proto_text(dl::as_text(bytes));
  dl::fuzz::require(text.size <= size && (!text.why.empty() || text.size == size));
  dl::labels_from_text(dl::as_text(bytes));
  return 0;
}
