// SPDX-License-Identifier: Apache-2.0
// Walks an ExecuTorch program; field numbers are those of the published schema
// (schema/program.fbs).
#include "daylight/format/torch/executorch.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/encoding/flat_schema.h"
#include "daylight/format/encoding/flatbuffer.h"
#include "daylight/format/torch/scalar_type.h"

namespace dl {
namespace {

constexpr std::string_view kIdentifier = "ET12";
constexpr std::string_view kHeaderMagic = "eh00";
constexpr std::uint64_t kHeaderAt = 8;
constexpr std::uint32_t kShortestHeader = 24;
constexpr std::size_t kMaxRank = 64;
constexpr std::uint8_t kTensorValue = 5;  // in the union of values

constexpr std::string_view kSchema = R"(
|KernelTypes Null Int Bool Double Tensor String IntList DoubleList BoolList TensorList OptionalTensorList
|InstructionArguments KernelCall DelegateCall MoveCall JumpFalseCall FreeCall
ContainerMetadata encoded_inp_str:s- encoded_out_str:s-
AllocationDetails memory_id:u32 low:u32 high:u32
ExtraTensorInfo segment:u64 name:s- location:i8
Tensor scalar_type:i8 storage_offset:i32 sizes:[i32] dim_order:[u8] grad:b data_buffer:u32 allocation:AllocationDetails layout:i8 dynamism:i8 extra:ExtraTensorInfo
Int v:i64
Bool v:b
Double v:f64
String v:s
IntList v:[i64]
DoubleList v:[f64]
BoolList v:[b]
TensorList v:[i32]
OptionalTensorList v:[i32]
EValue val:|KernelTypes
Operator name:s overload:s
KernelCall op_index:i32 args:[i32]
DelegateCall delegate_index:i32 args:[i32]
MoveCall from:i32 to:i32
JumpFalseCall cond:i32 to:i32
FreeCall value:i32
Instruction instr_args:|InstructionArguments
Frame filename:s- lineno:i32- name:s- context:s-
FrameList items:[Frame]-
Reference location:i8 index:u32
CompileSpec key:s value:[u8]
BackendDelegate id:s processed:Reference compile_specs:[CompileSpec]
Chain inputs:[i32] outputs:[i32] instructions:[Instruction] stacktrace:[FrameList]-
ExecutionPlan name:s container_meta_type:ContainerMetadata values:[EValue] inputs:[i32] outputs:[i32] chains:[Chain] operators:[Operator] delegates:[BackendDelegate] sizes:[i64]
Buffer storage:[u8]*
Inline data:[u8]*
DataSegment offset:u64 size:u64
SubsegmentOffsets segment_index:u32 offsets:[u64]
NamedData key:s- segment_index:u32
Program version:u32 execution_plan:[ExecutionPlan] constant_buffer:[Buffer] backend_delegate_data:[Inline] segments:[DataSegment] constant_segment:SubsegmentOffsets mutable_data_segments:[SubsegmentOffsets] named_data:[NamedData]
)";

const FlatSchema& program_schema() {
  static const FlatSchema kParsed{kSchema};
  return kParsed;
}

// What the extended header says, behind the identifier.
struct ExtendedHeader {
  std::uint64_t program_size = 0;
  std::uint64_t segment_base = 0;
};

std::optional<ExtendedHeader> read_header(ByteSpan bytes) {
  const auto magic = subspan_checked(bytes, kHeaderAt, kHeaderMagic.size());
  const auto length = load_le<std::uint32_t>(bytes, kHeaderAt + 4);
  if (!magic || as_text(*magic) != kHeaderMagic || !length || *length < kShortestHeader)
    return std::nullopt;
  ExtendedHeader header;
  header.program_size = load_le<std::uint64_t>(bytes, kHeaderAt + 8).value_or(0);
  header.segment_base = load_le<std::uint64_t>(bytes, kHeaderAt + 16).value_or(0);
  return header;
}

class ExecutorchReader {
 public:
  ExecutorchReader(ByteSpan bytes, ReadDepth depth)
      : bytes_(bytes),
        buffer_(bytes),
        walker_(program_schema(), kMaxExecutorchElementsPerByte * bytes.size()),
        depth_(depth),
        header_(read_header(bytes)) {}

  std::optional<ReadModel> read() {
    const auto identifier = subspan_checked(bytes_, 4, kIdentifier.size());
    if (!identifier || as_text(*identifier) != kIdentifier) return std::nullopt;
    const auto root = FlatTable::root(buffer_);
    if (!root || !is_program(*root)) return std::nullopt;
    const FlatTables plans = root->tables(1);
    const std::size_t main = main_plan(plans);
    std::string methods;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const auto plan = plans.at(i);
      if (!plan) continue;
      methods += (i == 0 ? "" : " ") + printable(plan->text(0));
      read_plan(*plan, i == main);
    }
    put("methods", methods);
    read_segments(*root);
    const FlatSummary all = walker_.walk(*root, "Program");
    if (walker_.exhausted()) buffer_.damage(0, "parts are shared so often that some were left out");
    finish(all);
    return std::move(model_);
  }

 private:
  ModelGraph& graph() { return model_.graph; }
  void put(const char* key, std::string value) {
    if (!value.empty()) graph().metadata.emplace_back(key, std::move(value));
  }

  // A plan with values and chains: what a program cannot be without.
  static bool is_program(const FlatTable& root) {
    const FlatTables plans = root.tables(1);
    const auto first = plans.at(0);
    return first && !first->tables(2).empty() && !first->tables(5).empty() && first->has(0);
  }

  static std::size_t main_plan(const FlatTables& plans) {
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const auto plan = plans.at(i);
      if (plan && plan->text(0) == "forward") return i;
    }
    return 0;
  }

  void read_plan(const FlatTable& plan, bool main) {
    const FlatTables values = plan.tables(2);
    const auto borders = [&](std::uint16_t field, std::vector<GraphTensor>& out) {
      const auto numbers = plan.vector<std::int32_t>(field);
      for (std::size_t i = 0; i < std::min(numbers.size(), kMaxGraphBorders); ++i)
        out.push_back(border(values, numbers[i]));
    };
    if (main) {
      borders(3, graph().inputs);
      borders(4, graph().outputs);
    }
    read_delegate_names(plan);
    const FlatTables chains = plan.tables(5);
    for (std::size_t i = 0; i < chains.size(); ++i) {
      if (const auto chain = chains.at(i)) read_chain(plan, values, *chain);
    }
    for (std::size_t i = 0; i < values.size(); ++i) count_constant(values, i);
  }

  std::optional<FlatTable> tensor_at(const FlatTables& values, std::int64_t number) const {
    if (number < 0) return std::nullopt;
    const auto value = values.at(static_cast<std::size_t>(number));
    if (!value || value->scalar<std::uint8_t>(0, 0) != kTensorValue) return std::nullopt;
    return value->table(1);
  }

  GraphTensor border(const FlatTables& values, std::int32_t number) {
    GraphTensor out;
    out.name = "value" + std::to_string(number);
    const auto tensor = tensor_at(values, number);
    if (!tensor) {
      out.dtype = "other";
      return out;
    }
    out.dtype = torch_scalar_type_name(tensor->scalar<std::int8_t>(0, 0));
    const auto sizes = tensor->vector<std::int32_t>(2);
    // Static, or with this upper bound; unbounded sizes say nothing.
    constexpr std::int8_t kUnbounded = 2;
    const bool known = tensor->scalar<std::int8_t>(8, 0) != kUnbounded;
    for (std::size_t i = 0; i < std::min(sizes.size(), kMaxRank); ++i)
      out.shape.push_back(known ? std::max(sizes[i], -1) : -1);
    return out;
  }

  void read_delegate_names(const FlatTable& plan) {
    delegate_names_.clear();
    const FlatTables delegates = plan.tables(7);
    for (std::size_t i = 0; i < delegates.size() && i < kMaxGraphOperators; ++i) {
      const auto delegate = delegates.at(i);
      const std::string name = delegate ? printable(delegate->text(0)) : "?";
      delegate_names_.push_back(name);
      if (std::find(all_delegates_.begin(), all_delegates_.end(), name) == all_delegates_.end() &&
          all_delegates_.size() < kMostDelegates)
        all_delegates_.push_back(name);
    }
  }

  void read_chain(const FlatTable& plan, const FlatTables& values, const FlatTable& chain) {
    const FlatTables instructions = chain.tables(2);
    const FlatTables operators = plan.tables(6);
    for (std::size_t i = 0; i < instructions.size(); ++i) {
      const auto instruction = instructions.at(i);
      const auto call = instruction ? instruction->table(1) : std::nullopt;
      if (!call) continue;
      if (graph().operators.size() >= kMaxGraphOperators) {
        buffer_.damage(instruction->position(), "there are too many instructions");
        return;
      }
      add_call(instruction->scalar<std::uint8_t>(0, 0), *call, operators, values);
    }
  }

  void add_call(std::uint8_t kind, const FlatTable& call, const FlatTables& operators,
                const FlatTables& values) {
    GraphOperator op;
    const auto index = static_cast<std::size_t>(std::max(call.scalar<std::int32_t>(0, 0), 0));
    switch (kind) {
      case 1: {
        const auto row = operators.at(index);
        op.name = row ? printable(row->text(0)) : "?";
        if (row && !row->text(1).empty()) op.name += "." + printable(row->text(1));
        break;
      }
      case 2:
        op.name = "delegate " + (index < delegate_names_.size() ? delegate_names_[index] : "?");
        break;
      case 3:
        op.name = "move";
        break;
      case 4:
        op.name = "jump-if-false";
        op.detail = "to=" + std::to_string(call.scalar<std::int32_t>(1, 0));
        break;
      default:
        return;  // freeing memory computes nothing
    }
    if (kind <= 2) add_arguments(call, values, op);
    graph().operators.push_back(std::move(op));
  }

  // Tensors by number; everything else as text. The last tensor of a kernel call is its result.
  void add_arguments(const FlatTable& call, const FlatTables& values, GraphOperator& op) {
    constexpr std::size_t kMostArguments = 256;
    const auto numbers = call.vector<std::int32_t>(1);
    for (std::size_t i = 0; i < std::min(numbers.size(), kMostArguments); ++i) {
      if (tensor_at(values, numbers[i])) {
        op.inputs.push_back("value" + std::to_string(numbers[i]));
        continue;
      }
      const auto value =
          numbers[i] < 0 ? std::nullopt : values.at(static_cast<std::size_t>(numbers[i]));
      if (!value) continue;
      const std::string text = walker_.walk(*value, "EValue").detail;
      // "val=IntList val.v=1,2"
      const std::size_t at = text.find("val.v=");
      constexpr std::size_t kKey = 6;
      op.detail += (op.detail.empty() ? "" : " ") + std::to_string(i) + "=" +
                   (at == std::string::npos ? std::string("-") : text.substr(at + kKey));
    }
    if (op.inputs.empty()) return;
    op.outputs.push_back(op.inputs.back());
    op.inputs.pop_back();
  }

  void count_constant(const FlatTables& values, std::size_t number) {
    const auto tensor = tensor_at(values, static_cast<std::int64_t>(number));
    if (!tensor || tensor->scalar<std::uint32_t>(5, 0) == 0) return;
    const auto sizes = tensor->vector<std::int32_t>(2);
    std::uint64_t elements = 1;
    for (std::size_t i = 0; i < std::min(sizes.size(), kMaxRank); ++i) {
      elements =
          multiply_checked(elements, static_cast<std::uint64_t>(std::max(sizes[i], 0))).value_or(0);
    }
    // No more than there are bits in the file.
    parameters_ = add_checked(parameters_, std::min<std::uint64_t>(elements, bytes_.size() * 8))
                      .value_or(parameters_);
  }

  // Segments lie behind the flatbuffer, at offsets from the base that the header names.
  void read_segments(const FlatTable& root) {
    const FlatTables segments = root.tables(4);
    if (!segments.empty()) put("segments", std::to_string(segments.size()));
    if (segments.empty() || !header_) return;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const auto segment = segments.at(i);
      if (!segment) continue;
      const std::uint64_t size = segment->scalar<std::uint64_t>(1, 0);
      const auto start = add_checked(header_->segment_base, segment->scalar<std::uint64_t>(0, 0));
      const auto data = start ? subspan_checked(bytes_, *start, size) : std::nullopt;
      if (!data) {
        buffer_.damage(segment->position(), "segment " + std::to_string(i) + " does not fit");
        continue;
      }
      end_ = std::max(end_, *start + size);
      spent_ = add_checked(spent_, size).value_or(~std::uint64_t{0});
      // Overlapping segments may not cost more than the file.
      if (depth_ == ReadDepth::kAll && spent_ <= kMaxExecutorchElementsPerByte * bytes_.size())
        weights_.add(*data, 0);
    }
  }

  void finish(const FlatSummary& all) {
    put("delegates", join(all_delegates_, " "));
    if (depth_ == ReadDepth::kAll) {
      for (const FlatConstant& constant : all.constants) weights_.add(constant.bytes, 0);
      weights_.finish(graph());
      graph().parameters = parameters_;
      set_graph_hash("executorch", graph());
    }
    graph().gaps = buffer_.gaps().list();
    end_ = std::max(end_, buffer_.extent());
    if (header_ && header_->program_size <= bytes_.size())
      end_ = std::max(end_, header_->program_size);
    model_.size = std::min<std::uint64_t>(end_, bytes_.size());
  }

  static constexpr std::size_t kMostDelegates = 32;
  ByteSpan bytes_;
  FlatBuffer buffer_;
  FlatWalker walker_;
  ReadDepth depth_;
  std::optional<ExtendedHeader> header_;
  ReadModel model_;
  WeightsDigest weights_;
  std::vector<std::string> delegate_names_;  // of the plan that is read
  std::vector<std::string> all_delegates_;
  std::uint64_t parameters_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t spent_ = 0;
};

}  // namespace

std::optional<ReadModel> read_executorch(ByteSpan bytes, ReadDepth depth) {
  return ExecutorchReader(bytes, depth).read();
}

}  // namespace dl
